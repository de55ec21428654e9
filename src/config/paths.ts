import { homedir, userInfo } from "node:os";
import { join, resolve } from "node:path";

/** Where plugctl keeps what is the user's: XDG directories, or their Windows counterparts. */
export interface UserPaths {
  /** Configuration and credentials. */
  config: string;
  /** What may be deleted at any time. */
  cache: string;
  /** Default place of the embedded server's data. */
  data: string;
}

/** `configDir` is what `--config-dir` or PLUGCTL_CONFIG_DIR named. */
export function userPaths(env: NodeJS.ProcessEnv, configDir?: string): UserPaths {
  const windows = process.platform === "win32";
  // An empty HOME, which homedir() would return as it is, must not put files into the working directory.
  const home = env.HOME || homedir() || userInfo().homedir;
  const base = (xdg: string | undefined, windowsDir: string | undefined, fallback: string) => {
    // The XDG specification says that a relative path must be ignored.
    if (xdg !== undefined && resolve(xdg) === xdg) return xdg;
    return windows && windowsDir !== undefined ? windowsDir : join(home, fallback);
  };
  return {
    config:
      configDir !== undefined
        ? resolve(configDir)
        : join(base(env.XDG_CONFIG_HOME, env.APPDATA, ".config"), "plugctl"),
    cache: join(base(env.XDG_CACHE_HOME, env.LOCALAPPDATA, ".cache"), "plugctl"),
    data: join(base(env.XDG_DATA_HOME, env.LOCALAPPDATA, ".local/share"), "plugctl"),
  };
}
