import { execFile } from "node:child_process";
import { lchownSync, readdirSync } from "node:fs";
import { chmod, cp, lchown, mkdir, mkdtemp, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PlugctlError } from "../../../core/errors.ts";
import { giveWay } from "../give-way.ts";
import { removeTree } from "../sources/remove-tree.ts";
import type { BuildIsolation } from "./builder.ts";
import type { BuildLimits } from "./limits.ts";
import { endProcessesOf, endProcessesWith } from "./processes.ts";
import { type BuildUser, dropRoot, INNER_FOLDER, sandboxCommand, sandboxGone } from "./sandbox.ts";
import { takeUser } from "./user.ts";

const run = promisify(execFile);

/** Folder below that of the plugin that `rules package` fills, as wazo-plugind has it. */
export const PACKAGE_FOLDER = "_pkg";

/** Where programs are looked for, by the steps and by us. */
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** By which the processes of a build are found that is not run as a user of its own. */
const BUILD_WORD = "PLUGCTL_BUILD";

const PROBE_MS = 30_000;

const FAKEROOT = ["fakeroot", "--"];

/**
 * As `fakeroot` does it, without the dozen processes that it parses its options with: they take three quarters of its time.
 * Only where everything that is started, and every message queue, ends with the sandbox.
 */
const DIRECT_FAKEROOT = [
  "sh",
  "-c",
  `command -v faked-sysv >/dev/null || exec fakeroot -- "$@"
key=$(faked-sysv) || exit
export FAKEROOTKEY="\${key%%:*}" LD_PRELOAD=libfakeroot-sysv.so LD_LIBRARY_PATH=
for folder in /usr/lib/*/libfakeroot; do LD_LIBRARY_PATH="$LD_LIBRARY_PATH\${LD_LIBRARY_PATH:+:}$folder"; done
exec "$@"`,
  "sh",
];

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
  /** Words before a command that make it look as if it were root. */
  fakeroot: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Ends what a step has left running; `init` is what bubblewrap has said of its first process. */
  sweep(init: string): Promise<void>;
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
  const { isolation } = options;
  try {
    const place =
      isolation === "host"
        ? await openHost(source, user, options)
        : await openSandbox(source, user, { ...options, isolation });
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
  options: PlaceOptions & { isolation: Exclude<BuildIsolation, "host"> },
): Promise<BuildPlace> {
  const { isolation, limits } = options;
  const sandbox = await sandboxCommand({ ...options, folder, user });
  const prefix = [...sandbox, ...limited(limits, limits.processes)];
  await probe([...prefix, ...DIRECT_FAKEROOT], isolation);
  return {
    folder,
    inner: INNER_FOLDER,
    prefix,
    fakeroot: DIRECT_FAKEROOT,
    environment: { ...baseEnvironment("/tmp"), ...(isolation === "network" && proxies()) },
    sweep: sandboxGone,
    close: async () => undefined,
  };
}

/** As root in a folder that its user can reach, which nothing below the data directory is. */
async function openHost(source: string, user: BuildUser, { limits }: PlaceOptions): Promise<BuildPlace> {
  // The processes of a user who has others cannot be counted, and are told apart by a word in their environment.
  const prefix = user.fromRoot
    ? [...dropRoot(user.id), ...limited(limits, limits.processes)]
    : limited(limits, undefined);
  await probe([...prefix, ...FAKEROOT], "host");
  const word = crypto.randomUUID();
  const home = await mkdtemp(join(tmpdir(), "plugctl-build-"));
  const folder = join(home, "plugin");
  await cp(source, folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  if (user.fromRoot) await chmod(home, 0o711);
  return {
    folder,
    inner: folder,
    prefix,
    fakeroot: FAKEROOT,
    environment: { ...baseEnvironment(folder), ...proxies(), [BUILD_WORD]: word },
    sweep: () => (user.fromRoot ? endProcessesOf(user.id) : endProcessesWith(`${BUILD_WORD}=${word}`)),
    close: () => removeTree(home),
  };
}

/** Sets limits for a command; the kernel ends it before others when memory runs out. */
function limited(limits: BuildLimits, processes: number | undefined): string[] {
  return [
    ...[
      "sh",
      "-c",
      'umask 022; echo 1000 > /proc/self/oom_score_adj; exec "$@"',
      "sh",
      "prlimit",
      "--core=0",
    ],
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
  lchownSync(folder, id, id);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    await giveWay();
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTo(path, id);
    else lchownSync(path, id, id);
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

/** What this machine has been found to be able to. */
const able = new Set<BuildIsolation>();

/** Tries once what the steps need, before anything of a plugin's is run. */
async function probe(words: readonly string[], isolation: BuildIsolation): Promise<void> {
  if (able.has(isolation)) return;
  // The third descriptor is where bubblewrap writes of the sandbox.
  try {
    await run("sh", ["-c", 'exec "$@" 3>/dev/null', "sh", ...words, "true"], {
      env: { PATH },
      timeout: PROBE_MS,
    });
    able.add(isolation);
  } catch (error) {
    throw unavailable((error as { stderr?: string }).stderr ?? "", error);
  }
}

function unavailable(stderr: string, cause: unknown): PlugctlError {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  const missing = /\b(bwrap|fakeroot): (?:not found|.*No such file)/.exec(said)?.[1];
  if (missing !== undefined) {
    const name = missing === "bwrap" ? "bubblewrap" : missing;
    return new PlugctlError("UNAVAILABLE", `plugins cannot be built: ${name} is not installed`, {
      hint: `apt-get install ${name}`,
      cause,
    });
  }
  return new PlugctlError("UNAVAILABLE", `plugins cannot be built apart from the rest: ${said}`, {
    hint: "run the server as root or let users have namespaces of their own, or serve with --deb-build host",
    cause,
  });
}
