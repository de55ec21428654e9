// From the request to `completed`: the same plugins on plugctl, by the bare commands, and on wazo-plugind where one runs.
//   npm run bench:deb
//   needs Debian's bubblewrap, fakeroot and git; ROUNDS=7, QUEUED=50
//   WAZO_PLUGIND=http://127.0.0.1:9503/0.2 WAZO_PLUGIND_TOKEN=… WAZO_PLUGIND_AMQP=amqp://guest:guest@127.0.0.1
//     measures a wazo-plugind as well; FOLDER names a folder for the repositories that it can read. It installs as root and
//     needs a place of its own: scripts/wazo-plugind.sh makes one, and gives all of these
// The bare commands are what a careful person would type: clone, the rules' steps in a sandbox, dpkg-deb, dpkg into a
// private root. All three install the next version of the plugin in turn. Build first: it runs the built program.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Connection } from "rabbitmq-client";
import { median } from "./cpu.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ROUNDS = Number(process.env.ROUNDS ?? 7);
const QUEUED = Number(process.env.QUEUED ?? 50);
const TEXT_BYTES = 20 * 1024 * 1024;
/** Goals: at most so many times what each of them takes. */
const GOALS = { bare: 1.5, "wazo-plugind": 0.25 };

/** What every plugin here does. */
const RULES = `#!/bin/sh
set -e
case "$1" in
  package)
    if [ -e text ]; then mkdir -p "$pkgdir/usr/share/bench" && cp text "$pkgdir/usr/share/bench/"; fi ;;
  build|install|uninstall|postrm) ;;
  *) exit 1 ;;
esac
`;

/** The least that has to be run: WORK URL NAME ROOT. */
const BARE = `
work=$1 url=$2 name=$3 root=$4
mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" && touch "$root/var/lib/dpkg/status"
git clone -q --depth 1 --branch master -- "$url" "$work/source"
package="$work/package"
mkdir -m 755 -p "$package/DEBIAN"
sandbox="bwrap --unshare-all --die-with-parent --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --bind $work $work --chdir $work/source"
$sandbox ./wazo/rules build
pkgdir=$package $sandbox fakeroot ./wazo/rules package
plugin="usr/lib/wazo-plugind/plugins/bench/$name"
mkdir -p "$package/$plugin"
cp -R "$work/source/wazo" "$package/$plugin/"
version=$(sed -n 's/^version: "\\(.*\\)"/\\1/p' "$work/source/wazo/plugin.yml")
cat > "$package/DEBIAN/control" <<CONTROL
Package: wazo-plugind-$name-bench
Version: $version
Architecture: all
Maintainer: ann <ann@example.com>
Section: wazo-plugind-plugin
Description: the plugin $name
CONTROL
printf '#!/bin/sh -e\\n"$DPKG_ROOT/%s/wazo/rules" install\\n' "$plugin" > "$package/DEBIAN/postinst"
chmod 755 "$package/DEBIAN/postinst"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$package" "$work/package.deb"
dpkg --root="$root" --force-not-root --force-script-chrootless --log=/dev/null -i "$work/package.deb"
rm -rf "$work"
`;

const folder = mkdtempSync(join(process.env.FOLDER ?? tmpdir(), "plugctl-bench-"));
// wazo-plugind fetches as a user of its own.
chmodSync(folder, 0o755);
const children = [];
const closers = [];
try {
  const plugctl = await startServer();
  const systems = { plugctl, bare: { install: installBare } };
  if (process.env.WAZO_PLUGIND) systems["wazo-plugind"] = await connectWazo();
  process.stdout.write(`median of ${ROUNDS} in turn, after one that does not count\n\n`);
  for (const [title, name, fill] of [
    ["empty plugin", "empty", () => {}],
    ["20 MB of text", "large", (repository) => writeText(join(repository, "text"))],
  ]) {
    const repository = makeRepository(name, fill);
    await measure(title, systems, repository);
  }
  await measureQueue(systems);
} finally {
  for (const close of closers) await close();
  for (const child of children.reverse()) {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}

async function measure(title, systems, repository) {
  const times = Object.fromEntries(Object.keys(systems).map((system) => [system, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    repository.release();
    for (const [system, { install }] of Object.entries(systems)) {
      const start = performance.now();
      await install(repository);
      if (round > 0) times[system].push(performance.now() - start);
    }
  }
  report(title, times);
}

/** Plugins that are all asked for at once; the bare commands install one after the other. */
async function measureQueue(systems) {
  const repositories = Array.from({ length: QUEUED }, (_, index) =>
    makeRepository(`queued-${index}`, () => {}),
  );
  const times = {};
  for (const [system, { install, atOnce }] of Object.entries(systems)) {
    const start = performance.now();
    if (system === "bare") for (const repository of repositories) await install(repository);
    else await atOnce(repositories);
    times[system] = [performance.now() - start];
  }
  report(`${QUEUED} plugins queued`, times);
}

function report(title, times) {
  const medians = Object.fromEntries(
    Object.entries(times).map(([system, values]) => [system, median(values)]),
  );
  for (const [system, ms] of Object.entries(medians)) {
    process.stdout.write(`${title.padEnd(20)} ${system.padEnd(14)} ${(ms / 1000).toFixed(3).padStart(8)} s`);
    const goal = GOALS[system];
    if (goal === undefined) process.stdout.write("\n");
    else {
      const ratio = medians.plugctl / ms;
      const met = ratio <= goal ? "met" : "missed";
      process.stdout.write(`   plugctl takes ${ratio.toFixed(2)} × (goal ≤ ${goal} ×) ${met}\n`);
    }
  }
  process.stdout.write("\n");
}

/** A git repository of a plugin, and what releases its next version. */
function makeRepository(name, fill) {
  const path = join(folder, "repositories", name);
  mkdirSync(join(path, "wazo"), { recursive: true });
  const git = (...words) =>
    execFileSync("git", ["-C", path, "-c", "user.name=ann", "-c", "user.email=ann@example.com", ...words]);
  git("init", "-q", "-b", "master");
  writeFileSync(join(path, "wazo", "rules"), RULES, { mode: 0o755 });
  fill(path);
  function release() {
    // Newer than in any run before: a wazo-plugind still has what that left.
    const version = `1.${Date.now()}`;
    const description = `namespace: bench\nname: ${name}\nversion: "${version}"\nplugin_format_version: 1\n`;
    writeFileSync(join(path, "wazo", "plugin.yml"), description);
    git("add", "-A");
    git("commit", "-qm", version);
  }
  release();
  return { name, path, url: `file://${path}`, release };
}

/** Words in an order that does not repeat, so that they compress as text does. */
function writeText(path) {
  const words = readFileSync(join(ROOT, "docs", "thinger-api.md"), "utf8").split(/\s+/);
  let seed = 1;
  let text = "";
  while (text.length < TEXT_BYTES) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += `${words[seed % words.length]}${seed % 11 === 0 ? "\n" : " "}`;
  }
  writeFileSync(path, text);
}

async function startServer() {
  const [config, ready] = [join(folder, "config"), join(folder, "ready.json")];
  const args = [join(ROOT, "bin", "plugctl.js"), "serve", "--data", join(folder, "data"), "--port", "0"];
  args.push("--ready-file", ready, "--only", "deb");
  const env = { ...process.env, PLUGCTL_CONFIG_DIR: config };
  children.push(spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "inherit"] }));
  for (let waited = 0; ; waited += 100) {
    try {
      const { http } = JSON.parse(readFileSync(ready, "utf8"));
      const { credentials } = JSON.parse(readFileSync(join(config, "credentials.json"), "utf8"));
      return plugctlSystem(http, { authorization: `Bearer ${credentials["local-deb"].token}` });
    } catch (error) {
      if (waited > 30_000) throw error;
      await sleep(100);
    }
  }
}

function plugctlSystem(http, headers) {
  const ask = (repository) => post(`${http}/0.2/plugins`, headers, repository);
  async function end(uuid) {
    const events = await fetch(`${http}/api/v1/operations/${uuid}/events`, { headers });
    const [, data = ""] = /^event: end\n(?:id: .*\n)?data: (.*)$/m.exec(await events.text()) ?? [];
    if (!data.includes('"succeeded"')) throw new Error(`plugctl: ${data}`);
  }
  return {
    install: async (repository) => end(await ask(repository)),
    atOnce: async (repositories) => Promise.all((await Promise.all(repositories.map(ask))).map(end)),
  };
}

/** wazo-plugind says on its bus alone when something is done. */
async function connectWazo() {
  const { WAZO_PLUGIND: http, WAZO_PLUGIND_TOKEN: token = "", WAZO_PLUGIND_AMQP: amqp } = process.env;
  const connection = new Connection(amqp);
  closers.push(() => connection.close());
  const waiting = new Map();
  const ended = new Map();
  const consumer = connection.createConsumer(
    {
      queueOptions: { exclusive: true, autoDelete: true },
      exchanges: [{ exchange: "wazo-headers", type: "headers", durable: true }],
      queueBindings: [{ exchange: "wazo-headers", arguments: { name: "plugin_install_progress" } }],
    },
    async ({ body }) => {
      const { data } = typeof body === "string" || Buffer.isBuffer(body) ? JSON.parse(String(body)) : body;
      if (data.status !== "completed" && data.status !== "error") return;
      ended.set(data.uuid, data);
      waiting.get(data.uuid)?.();
    },
  );
  await once(consumer, "ready");
  const ask = (repository) => post(`${http}/plugins`, { "x-auth-token": token }, repository);
  async function end(uuid) {
    if (!ended.has(uuid)) await new Promise((done) => waiting.set(uuid, done));
    if (ended.get(uuid).status === "error") throw new Error(JSON.stringify(ended.get(uuid)));
  }
  closers.unshift(() => consumer.close());
  return {
    install: async (repository) => end(await ask(repository)),
    atOnce: async (repositories) => Promise.all((await Promise.all(repositories.map(ask))).map(end)),
  };
}

async function post(url, headers, repository) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ method: "git", options: { url: repository.url, ref: "master" } }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${url}: ${JSON.stringify(body)}`);
  return body.uuid;
}

async function installBare({ name, url }) {
  const work = mkdtempSync(join(folder, "bare-"));
  const child = spawn("sh", ["-ec", BARE, "sh", work, url, name, join(folder, "bare-root")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the bare commands ended with ${code}`);
}
