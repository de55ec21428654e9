import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTempDir } from "./temp-dir.ts";

const run = promisify(execFile);

const CACHE = new URL("../../node_modules/.cache/plugctl-test", import.meta.url).pathname;
const CACHE_MS = 7 * 86_400_000;
const RELAY = new URL("relay-and-run.ts", import.meta.url).pathname;

export interface CleanDebian {
  root: string;
  /**
   * Runs a program in the system, in namespaces of its own. Its only network is a loopback on which `port` leads to the
   * server behind `socket`.
   */
  run(
    command: readonly string[],
    network: { socket: string; port: number },
  ): Promise<{ code: number; text: string }>;
}

/**
 * The least Debian that there is (`debootstrap --variant=minbase`), of this machine's release and from its own mirror. It is
 * kept for a week, since making it takes a minute.
 */
export async function makeCleanDebian(): Promise<CleanDebian> {
  const archive = await cachedSystem();
  const root = await makeTempDir();
  await run("tar", ["-C", root, "-xf", archive]);
  // Its own mirror cannot be reached.
  await rm(join(root, "etc/apt/sources.list"));
  return { root, run: (command, network) => runWithin(root, command, network) };
}

async function cachedSystem(): Promise<string> {
  const release = await releaseOfMachine();
  const archive = join(CACHE, `debian-${release}.tar`);
  const found = await stat(archive).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs < CACHE_MS) return archive;
  await mkdir(CACHE, { recursive: true });
  const folder = await makeTempDir();
  const root = join(folder, "root");
  const words = ["debootstrap", "--variant=minbase", release, root, await mirrorOfMachine(release)];
  await run("unshare", ["--mount", "--pid", "--fork", "--kill-child", ...words], { maxBuffer: 2 ** 26 });
  await rm(join(root, "var/cache/apt/archives"), { recursive: true });
  await mkdir(join(root, "var/cache/apt/archives/partial"), { recursive: true });
  const partial = join(CACHE, `.debian-${process.pid}.tar`);
  await run("tar", ["-C", root, "-cf", partial, "."]);
  await rename(partial, archive);
  return archive;
}

async function releaseOfMachine(): Promise<string> {
  const [, codename] = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile("/etc/os-release", "utf8")) ?? [];
  if (codename === undefined) throw new Error("this machine does not say which release of Debian it is");
  return codename;
}

async function mirrorOfMachine(release: string): Promise<string> {
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const line = stdout.split("\n").find((target) => target.endsWith(` ${release} main`));
  if (line === undefined) throw new Error(`this machine's APT has no mirror of ${release}`);
  return line.split(" ")[0] ?? "";
}

function runWithin(
  root: string,
  command: readonly string[],
  { socket, port }: { socket: string; port: number },
): Promise<{ code: number; text: string }> {
  const isolated = ["--die-with-parent", "--cap-add", "ALL"];
  const outer = [...isolated, "--unshare-net", "--dev-bind", "/", "/"];
  const inner = [
    ...isolated,
    ...[
      "--unshare-pid",
      "--unshare-ipc",
      "--unshare-uts",
      "--bind",
      root,
      "/",
      "--dev",
      "/dev",
      "--proc",
      "/proc",
    ],
    ...[
      "--ro-bind",
      "/proc/sys",
      "/proc/sys",
      "--clearenv",
      "--setenv",
      "PATH",
      "/usr/sbin:/usr/bin:/sbin:/bin",
    ],
    ...["--setenv", "DEBIAN_FRONTEND", "noninteractive", "--setenv", "LC_ALL", "C", "--chdir", "/"],
  ];
  const relay = [process.execPath, RELAY, socket, String(port)];
  const child = spawn("bwrap", [...outer, ...relay, "bwrap", ...inner, ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      text += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code: code ?? 1, text }));
  });
}
