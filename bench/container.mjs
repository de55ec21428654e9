// `plugctl start|stop|list` beside the docker command line doing the same to the same container, paired.
//   npm run bench:container
//   needs root, and Debian's docker.io and busybox-static
// Both talk to a Docker Engine that the benchmark starts. Build first: it runs the built program.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BIN = join(dirname(dirname(fileURLToPath(import.meta.url))), "bin", "plugctl.js");
const ROUNDS = Number(process.env.ROUNDS ?? 20);
const PLUGINS = 5;
/** Goal: at most this much more, in ms. */
const GOAL_MS = 150;
/** Ends at once when it is told to, so that the time is that of the commands. */
const SERVICE = 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done';

const folder = mkdtempSync(join(tmpdir(), "plugctl-bench-"));
// Outside of a project: in one, its package.json costs the search of a configuration on top.
process.chdir(folder);
const host = `unix://${folder}/docker.sock`;
const env = {
  ...process.env,
  PLUGCTL_CONFIG_DIR: join(folder, "config"),
  NODE_COMPILE_CACHE: join(folder, "compile-cache"),
};
const docker = (...words) => execFileSync("docker", ["-H", host, ...words], { env, stdio: "pipe" });
const plugctl = (...words) => execFileSync(process.execPath, [BIN, ...words], { env, stdio: "pipe" });

const daemon = startEngine();
try {
  await ready();
  buildImage();
  plugctl("target", "add", "bench", "--kind", "container", "--url", host);
  const names = Array.from({ length: PLUGINS }, (_, index) => `plugin-${index}`);
  for (const name of names) plugctl("install", "image:bench:1", "--name", name);
  const [name] = names;
  const container = docker("ps", "--filter", `name=${name}`, "--format", "{{.Names}}").toString().trim();
  const words = {
    stop: { plugctl: ["stop", name], docker: ["stop", container] },
    start: { plugctl: ["start", name], docker: ["start", container] },
    list: { plugctl: ["list"], docker: ["ps", "-a"] },
  };
  const run = { plugctl, docker };
  const times = Object.fromEntries(Object.keys(words).map((verb) => [verb, { plugctl: [], docker: [] }]));
  const measure = (verb, program) => {
    const begun = performance.now();
    run[program](...words[verb][program]);
    times[verb][program].push(performance.now() - begun);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const programs = round % 2 === 0 ? ["plugctl", "docker"] : ["docker", "plugctl"];
    // What is stopped is started by the same one: both find the container as the other did.
    for (const program of programs) for (const verb of ["stop", "start", "list"]) measure(verb, program);
  }
  report(times);
} finally {
  spawnSync("docker", ["-H", host, "rm", "-f", ...containerIds()], { stdio: "ignore" });
  spawnSync("docker", ["-H", host, "network", "prune", "-f"], { stdio: "ignore" });
  daemon.kill("SIGTERM");
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
  spawnSync("umount", ["-l", join(folder, "data")], { stdio: "ignore" });
  rmSync(folder, { recursive: true, force: true });
}

function report(times) {
  process.stdout.write(`wall time in ms, median of ${ROUNDS} in turn; ${PLUGINS} plugins on the engine\n\n`);
  for (const [verb, { plugctl: ours, docker: theirs }] of Object.entries(times)) {
    const more = median(ours.map((ms, index) => ms - theirs[index]));
    const cells = [median(ours), median(theirs), more].map((ms) => ms.toFixed(0).padStart(6));
    process.stdout.write(
      `${verb.padEnd(6)} plugctl ${cells[0]}   docker ${cells[1]}   more ${cells[2]}    goal (≤ ${GOAL_MS}) ${more <= GOAL_MS ? "met" : "missed"}\n`,
    );
  }
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/** A Docker Engine that shares nothing with others on the machine. */
function startEngine() {
  mkdirSync(join(folder, "data"));
  const args = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")];
  args.push("--pidfile", join(folder, "pid"), "-H", host, "--storage-driver=vfs");
  args.push("--bridge=none", "--iptables=false", "--ip6tables=false");
  args.push("--default-address-pool", "base=10.214.0.0/20,size=24");
  return spawn("dockerd", args, { stdio: "ignore" });
}

async function ready() {
  for (let tries = 0; ; tries += 1) {
    try {
      docker("version");
      return;
    } catch (error) {
      if (tries > 100 || daemon.exitCode !== null) throw error;
      await sleep(200);
    }
  }
}

function buildImage() {
  const root = join(folder, "image");
  for (const name of ["bin", "dev", "etc", "proc", "sys", "tmp"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin", "busybox"));
  for (const applet of ["sh", "sleep"]) symlinkSync("busybox", join(root, "bin", applet));
  const archive = join(folder, "image.tar");
  execFileSync("tar", ["-cf", archive, "-C", root, "."]);
  docker("import", "--change", `CMD ${JSON.stringify(["/bin/sh", "-c", SERVICE])}`, archive, "bench:1");
}

function containerIds() {
  const { stdout } = spawnSync("docker", ["-H", host, "ps", "-aq"], { encoding: "utf8" });
  return (stdout ?? "").split("\n").filter(Boolean);
}
