import { execFile } from "node:child_process";
import { chmod, cp, lchown, mkdir, mkdtemp, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PlugctlError } from "../../../core/errors.ts";
import { removeTree } from "../sources/remove-tree.ts";
import type { BuildIsolation } from "./builder.ts";
import type { BuildLimits } from "./limits.ts";
import { type BuildUser, dropRoot, INNER_FOLDER, sandboxCommand } from "./sandbox.ts";
import { endProcessesOf, endProcessesWith, takeUser } from "./user.ts";

const run = promisify(execFile);

/** Folder below that of the plugin that `rules package` fills, as wazo-plugind has it. */
export const PACKAGE_FOLDER = "_pkg";

/** Where programs are looked for, by the steps and by us. */
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Of the server's environment a step that has a network gets these. */
const PROXIES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** Where the steps of one build run. */
export interface BuildPlace {
  /** The plugin's folder, as we see it. */
  folder: string;
  /** The same, as the steps see it. */
  inner: string;
  /** Words before a command that make it run there, as nobody in particular, within the limits. */
  prefix: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Ends what the steps may have left running, where their namespaces do not see to it. */
  sweep: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

export interface PlaceOptions {
  isolation: BuildIsolation;
  limits: BuildLimits;
  hidden: readonly string[];
  /** Folder for what is needed during the build only. */
  scratch: string;
}

/** Makes the place where a plugin is built. @throws UNAVAILABLE when this machine cannot isolate it. */
export async function openPlace(source: string, options: PlaceOptions): Promise<BuildPlace> {
  const { user, release } = await takeUser();
  try {
    const open = options.isolation === "host" ? openHost : openSandbox;
    const place = await open(source, user, options);
    if (user.fromRoot) await giveTo(place.folder, user.id);
    return {
      ...place,
      async close() {
        await place.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function openSandbox(
  folder: string,
  user: BuildUser,
  { isolation, limits, hidden, scratch }: PlaceOptions,
): Promise<BuildPlace> {
  if (isolation === "host") throw new TypeError("not a sandbox");
  const sandbox = await sandboxCommand({ folder, scratch, isolation, user, limits, hidden });
  const prefix = [...sandbox, ...limited(limits, limits.processes)];
  await probe(prefix);
  const environment = { ...baseEnvironment("/tmp"), ...(isolation === "network" && proxies()) };
  return { folder, inner: INNER_FOLDER, prefix, environment, sweep: undefined, close: async () => undefined };
}

/** As root in a folder that its user can reach, which nothing below the data directory is. */
async function openHost(source: string, user: BuildUser, { limits }: PlaceOptions): Promise<BuildPlace> {
  const home = await mkdtemp(join(tmpdir(), "plugctl-build-"));
  const folder = join(home, "plugin");
  const word = `PLUGCTL_BUILD=${crypto.randomUUID()}`;
  await cp(source, folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  if (user.fromRoot) await chmod(home, 0o711);
  const [name = "", value = ""] = word.split("=");
  return {
    folder,
    inner: folder,
    // The processes of a user who has others are not counted: they would be among them.
    prefix: [
      ...(user.fromRoot ? dropRoot(user.id) : []),
      ...limited(limits, user.fromRoot ? limits.processes : undefined),
    ],
    environment: { ...baseEnvironment(folder), ...proxies(), [name]: value },
    sweep: () => (user.fromRoot ? endProcessesOf(user.id) : endProcessesWith(word)),
    close: () => removeTree(home),
  };
}

/** Sets limits for a command; the kernel ends it before others when memory runs out. */
function limited(limits: BuildLimits, processes: number | undefined): string[] {
  return [
    ...["sh", "-c", 'umask 022; exec "$@"', "sh", "choom", "-n", "1000", "--", "prlimit", "--core=0"],
    ...(processes === undefined ? [] : [`--nproc=${processes}`]),
    ...[`--fsize=${limits.fileBytes}`, `--data=${limits.memoryBytes}`, "--"],
  ];
}

const baseEnvironment = (home: string): Record<string, string> => ({
  PATH,
  HOME: home,
  USER: "wazo-plugind",
  LOGNAME: "wazo-plugind",
  LANG: "C.UTF-8",
  TZ: "UTC",
});

const proxies = () =>
  Object.fromEntries(PROXIES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

async function giveTo(folder: string, id: number): Promise<void> {
  await lchown(folder, id, id);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTo(path, id);
    else await lchown(path, id, id);
  }
}

/** Makes the empty folder for `rules package`. */
export async function makePackageFolder({ folder }: BuildPlace): Promise<string> {
  const path = join(folder, PACKAGE_FOLDER);
  await mkdir(path);
  await chmod(path, 0o755);
  const { uid, gid } = await stat(folder);
  await lchown(path, uid, gid);
  return path;
}

async function probe(prefix: readonly string[]): Promise<void> {
  const [program = "", ...words] = prefix;
  try {
    await run(program, [...words, "fakeroot", "--", "true"], { env: { PATH }, timeout: 30_000 });
  } catch (error) {
    throw unavailable(error as NodeJS.ErrnoException & { stderr?: string });
  }
}

function unavailable(error: NodeJS.ErrnoException & { stderr?: string }): PlugctlError {
  const said = (error.stderr ?? "").trim().split("\n").at(-1) ?? "";
  const [message, hint] =
    error.code === "ENOENT"
      ? ["plugins cannot be built apart from the rest: there is no bubblewrap", "apt-get install bubblewrap"]
      : /fakeroot: (?:not found|.*No such file)/.test(said)
        ? ["plugins cannot be built: there is no fakeroot", "apt-get install fakeroot"]
        : [
            `plugins cannot be built apart from the rest: ${said || error.message}`,
            "run the server as root or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or serve with --deb-build host",
          ];
  return new PlugctlError("UNAVAILABLE", message, { hint, cause: error });
}
