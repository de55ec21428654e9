import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BuildIsolation } from "./builder.ts";
import { SCRATCH_BYTES } from "./limits.ts";
import { hasEnded } from "./processes.ts";

/** Where a step sees the plugin's folder, the same for every build so that what is built is the same too. */
export const INNER_FOLDER = "/build";

/** Descriptor to which bubblewrap writes who the first process of the sandbox is. */
const INFO_FD = 3;

/** How often it is looked whether a sandbox is gone, in ms. */
const POLL_MS = 2;

/** Folders around what a step sees, which everybody can enter. */
const PARENTS = ["/run", "/var", "/var/lib"];

/** What a step sees of the system, read-only. Nothing else of it exists there. */
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/lib/dpkg"];

/** Of `/etc` the files that programs need to run; there may be passwords in others. */
const SETTINGS = [
  "alternatives",
  "debian_version",
  "fonts",
  "gai.conf",
  "host.conf",
  "hosts",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "magic",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "perl",
  "protocols",
  "python3",
  "services",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
];

/** Who runs a step. */
export interface BuildUser {
  /** A user and a group of this number, which no account has. */
  id: number;
  /** The server is root, and has to give its rights up. */
  fromRoot: boolean;
}

export interface SandboxOptions {
  /** The plugin's folder: all that a step can write to, and that lasts. */
  folder: string;
  /** For small files that the sandbox needs. */
  scratch: string;
  isolation: Exclude<BuildIsolation, "host">;
  user: BuildUser;
  /** Folders that are hidden even where a step could read them. */
  hidden: readonly string[];
}

/**
 * The command line that runs another one in namespaces of its own, by bubblewrap: the words of the command are to be
 * appended. As root the process changes its user; otherwise it gets a user namespace, in which it is no more than it was.
 */
export async function sandboxCommand(options: SandboxOptions): Promise<string[]> {
  const { folder, isolation, user } = options;
  addAccounts(join(options.scratch, "etc"), user.id);
  const tmpfs = (path: string) => ["--perms", "1777", "--size", String(SCRATCH_BYTES), "--tmpfs", path];
  return [
    "bwrap",
    ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    ...(isolation === "isolated" ? ["--unshare-net"] : []),
    ...identity(user),
    ...["--die-with-parent", "--hostname", "build", "--info-fd", String(INFO_FD)],
    ...PARENTS.flatMap((path) => ["--perms", "0755", "--dir", path]),
    ...SYSTEM.flatMap(systemFolder),
    ...settings(
      join(options.scratch, "etc"),
      isolation === "network" ? [...SETTINGS, "resolv.conf"] : SETTINGS,
    ),
    ...(await hide(options.hidden)),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...["/tmp", "/var/tmp", "/dev/shm"].flatMap(tmpfs),
    ...["--bind", folder, INNER_FOLDER, "--chdir", INNER_FOLDER],
    // Both are file systems in memory without a limit.
    ...["--remount-ro", "/dev", "--remount-ro", "/", "--"],
    ...(user.fromRoot ? dropRoot(user.id) : []),
  ];
}

function identity({ id, fromRoot }: BuildUser): string[] {
  if (fromRoot)
    return [
      "--cap-drop",
      "ALL",
      ...["SETUID", "SETGID", "SETPCAP"].flatMap((name) => ["--cap-add", `CAP_${name}`]),
    ];
  return [
    "--unshare-user",
    "--disable-userns",
    "--uid",
    String(id),
    "--gid",
    String(id),
    "--cap-drop",
    "ALL",
  ];
}

/** Changes the user for good. */
export const dropRoot = (id: number): string[] => [
  "setpriv",
  ...[`--reuid=${id}`, `--regid=${id}`, "--clear-groups"],
  ...["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"],
];

/** `/bin` and its like are links in most systems, and a link costs nothing. */
function systemFolder(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}

/**
 * Makes the sandbox's `/etc`: files are copied, also from where a link leads, and folders mounted. A mount for each file would take
 * bubblewrap half of its time, since it reads the table of all mounts after each.
 */
function settings(etc: string, names: readonly string[]): string[] {
  const mounts = ["--ro-bind", etc, "/etc"];
  for (const name of names) {
    const [source, target] = [`/etc/${name}`, join(etc, name)];
    const found = statSync(source, { throwIfNoEntry: false });
    if (found === undefined) continue;
    makeReadable(dirname(target));
    if (found.isDirectory()) {
      makeReadable(target);
      mounts.push("--ro-bind", source, source);
    } else if ((found.mode & 0o004) !== 0) {
      // Others are not for a step to read either.
      copyFileSync(source, target);
      chmodSync(target, 0o644);
    }
  }
  return mounts;
}

/** Adds the accounts of this machine, since rules give files to them, and the one of the step. */
function addAccounts(etc: string, id: number): void {
  makeReadable(etc);
  const added = { passwd: `wazo-plugind:x:${id}:${id}::/tmp:/bin/sh\n`, group: `wazo-plugind:x:${id}:\n` };
  for (const [name, line] of Object.entries(added)) {
    const file = join(etc, name);
    writeFileSync(file, `${readFileSync(`/etc/${name}`, "utf8").trimEnd()}\n${line}`);
    chmodSync(file, 0o644);
  }
}

/** A folder that everybody can look into, whatever the umask is. */
function makeReadable(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

async function hide(folders: readonly string[]): Promise<string[]> {
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  return real
    .filter((folder) => folder !== undefined && SYSTEM.some((path) => folder.startsWith(`${path}/`)))
    .flatMap((folder) => ["--tmpfs", folder as string, "--remount-ro", folder as string]);
}

/**
 * Waits until no process of a sandbox is left. Bubblewrap ends before the first one, with which the kernel ends the rest.
 * @param info what it has written to the descriptor.
 */
export async function sandboxGone(info: string): Promise<void> {
  const [, pid] = /"child-pid"\s*:\s*(\d+)/.exec(info) ?? [];
  if (pid === undefined) return;
  const until = Date.now() + 10_000;
  while (Date.now() < until) {
    // The first process has ended only when all others have.
    if (await hasEnded(Number(pid))) return;
    await delay(POLL_MS);
  }
}
