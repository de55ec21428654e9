import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters as plain } from "node:util";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { BuiltServer, LAUNCHER, runBuilt } from "../helpers/built-plugctl.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { PseudoTerminal } from "../helpers/pseudo-terminal.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

vi.setConfig({ testTimeout: 60_000 });

const PASSWORD = "correct horse battery";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const GREEN = /\u001b\[32m/;
const ANY_COLOUR = /\u001b\[\d+m/;

let server: BuiltServer;

beforeAll(async () => {
  const folder = await makeServerFolder();
  server = await BuiltServer.start({
    folder,
    args: ["--admin-password-file", join(folder, "password")],
  });
  await publish(
    "@acme/maps",
    "1.0.0",
    "Karten aller Länder, Städte und Straßen der Welt, mit Wegen zu Fuß und mit dem Rad",
  );
  await publish(
    "@acme/weather",
    "1.0.0",
    "世界中のすべての都市の天気予報と気温と降水確率を表示するプラグインです。毎時更新されます。",
  );
  await publish("@acme/clock", "1.0.0", "시계");
});

afterAll(async () => {
  await server.end();
  await rm(server.folder, { recursive: true, force: true });
});

async function makeServerFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
  await writeFile(join(folder, "password"), PASSWORD, { mode: 0o600 });
  return folder;
}

async function publish(name: string, version: string, description: string): Promise<void> {
  const folder = join(server.folder, `${name.replace("/", "-")}-${version}`);
  await writeFiles(folder, {
    "package.json": { name, version, description, module: "index.js" },
    "index.js": "",
  });
  await server.run("publish", folder, "--provider", "local");
}

/** plugctl on a terminal of its own, with what a person's environment has. */
function onTerminal(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; columns?: number; cwd?: string } = {},
) {
  const { env, cwd = server.folder, ...rest } = options;
  return new PseudoTerminal(process.execPath, [LAUNCHER, ...args], {
    env: { ...server.env, LANG: "C.UTF-8", ...env },
    cwd,
    ...rest,
  });
}

const inPipe = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  runBuilt(args, { env: { ...server.env, ...env }, cwd: server.folder });

/** Runs a line in a shell where `plugctl` is the built program. */
async function inShell(line: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const script = `plugctl() { "${process.execPath}" "${LAUNCHER}" "$@"; }; ${line}`;
  const child = spawn("bash", ["-c", script], { env: server.env, cwd: server.folder });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  await once(child, "close");
  return { exitCode: child.exitCode, stdout, stderr };
}

/** A cursor that was hidden is shown again. */
function expectCursor(output: string): void {
  expect(output.lastIndexOf(SHOW_CURSOR)).toBeGreaterThanOrEqual(output.lastIndexOf(HIDE_CURSOR));
}

describe("questions", () => {
  test("a password is asked for and never echoed", async () => {
    const terminal = onTerminal(["login"], { env: { PLUGCTL_CONFIG_DIR: await ownConfig() } });
    await terminal.shows("User at local-store:");
    terminal.type("admin\r");
    await terminal.shows("Password of admin:");
    terminal.type(`${PASSWORD}\r`);
    await terminal.shows("signed in to local-store as admin");
    expect(await terminal.exit()).toBe(0);
    expect(terminal.output).not.toContain(PASSWORD);
    expect(terminal.output).not.toContain(PASSWORD.slice(0, 4));
    expectCursor(terminal.output);
  });

  test("a removal that is declined changes nothing, and one that is confirmed is done", async () => {
    await publish("@acme/gone", "1.0.0", "soon");
    const declined = onTerminal(["remove", "@acme/gone@1.0.0"]);
    await declined.shows("@acme/gone@1.0.0");
    await declined.shows("(y/N)");
    declined.type("n\r");
    expect(await declined.exit()).toBe(130);
    expect(plain(declined.output)).toContain("nothing was changed");
    expect(await server.run("list", "-o", "name")).toContain("@acme/gone");

    const confirmed = onTerminal(["remove", "@acme/gone@1.0.0"]);
    await confirmed.shows("(y/N)");
    confirmed.type("y\r");
    await confirmed.shows("@acme/gone 1.0.0 is");
    expect(await confirmed.exit()).toBe(0);
  });

  test.each([
    [["remove", "@acme/maps@1.0.0", "--no-input"], "--yes"],
    [["login", "-u", "admin", "--no-input"], "--password-stdin"],
    [["login", "--no-input"], "--user"],
    [["user", "add", "eve", "--no-input"], "--password-stdin"],
  ])("%j names the flag to give instead of asking", async (args, flag) => {
    const terminal = onTerminal(args);
    expect(await terminal.exit()).toBe(2);
    expect(plain(terminal.output)).toContain(`give ${flag}`);
  });

  test("in CI nothing is asked even on a terminal", async () => {
    const terminal = onTerminal(["remove", "@acme/maps@1.0.0"], { env: { CI: "true" } });
    expect(await terminal.exit()).toBe(2);
  });

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s at a question ends with 130 and gives the cursor back", async (_, key) => {
    const terminal = onTerminal(["remove", "@acme/maps@1.0.0"]);
    await terminal.shows("(y/N)");
    terminal.type(key);
    expect(await terminal.exit()).toBe(130);
    expectCursor(terminal.output);
    expect(plain(terminal.output)).not.toContain("    at ");
  });
});

/** A configuration folder that knows the server and no credential. */
async function ownConfig(url = server.http): Promise<string> {
  const folder = await makeTempDir();
  await writeFiles(folder, { "config.yaml": `targets: {local-store: {kind: store, url: '${url}'}}` });
  return folder;
}

/** A server that takes connections and never reads what comes. */
async function standStill(): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  const listener = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

/** A plugin that does not fit into the buffers of a connection, and a temporary folder that nobody else uses. */
async function longPublish() {
  const folder = await makeTempDir();
  const temp = join(folder, "tmp");
  await mkdir(temp);
  await writeFiles(join(folder, "plugin"), {
    "package.json": { name: "@acme/large", version: "1.0.0", module: "index.js" },
    "index.js": "",
    "large.bin": randomBytes(16 * 1024 * 1024),
  });
  const env = {
    ...server.env,
    PLUGCTL_CONFIG_DIR: await ownConfig(await standStill()),
    TMPDIR: temp,
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  return { cwd: folder, env, leftovers: () => readdir(temp) };
}

describe("what takes long", () => {
  test("shows a spinner on a terminal, and Ctrl-C ends it with 130 and leaves nothing behind", async () => {
    const { cwd, env, leftovers } = await longPublish();
    const terminal = onTerminal(["publish", "plugin"], { env, cwd });
    await terminal.shows("@acme/large 1.0.0");
    expect(terminal.output).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
    terminal.type("\u0003");
    expect(await terminal.exit()).toBe(130);
    expectCursor(terminal.output);
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "says plain lines in a pipe, and %s ends it with %i and leaves nothing behind",
    async (signal, code) => {
      const { cwd, env, leftovers } = await longPublish();
      const publishing = start(["publish", "plugin"], { env, cwd });
      await publishing.says("@acme/large 1.0.0");
      publishing.child.kill(signal);
      expect(await publishing.end()).toBe(code);
      expect(publishing.stderr()).not.toMatch(/\u001b|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
      expect(publishing.stderr()).toContain("ERR_PLUGCTL_CANCELLED\n");
      expect(publishing.stdout()).toBe("");
      expect(await leftovers()).toEqual([]);
    },
  );

  test("says JSON lines beside JSON output", async () => {
    const { cwd, env } = await longPublish();
    const publishing = start(["publish", "plugin", "-o", "json"], { env, cwd });
    await publishing.says('"uploading"');
    publishing.child.kill("SIGINT");
    expect(await publishing.end()).toBe(130);
    const lines = publishing
      .stderr()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(0)).toMatchObject({ phase: "packing", unit: "files", ts: expect.any(String) });
    expect(lines.at(-1)).toMatchObject({ error: { code: "ERR_PLUGCTL_CANCELLED" } });
    expect(publishing.stdout()).toBe("");
  });

  test("is given up when nothing moves within --timeout", async () => {
    const { cwd, env } = await longPublish();
    const { exitCode, stderr } = await runBuilt(["publish", "plugin", "--timeout", "1s"], { env, cwd });
    expect(exitCode).toBe(7);
    expect(stderr).toContain("took longer than 1 s");
  });

  test("says nothing with --quiet", async () => {
    const { cwd, env } = await longPublish();
    const { stderr } = await runBuilt(["publish", "plugin", "--timeout", "1s", "-q"], { env, cwd });
    expect(stderr).toMatch(/^✖ /);
  });
});

function start(args: string[], options: { env: NodeJS.ProcessEnv; cwd: string }) {
  const child = spawn(process.execPath, [LAUNCHER, ...args], options);
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const closed = once(child, "close");
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async says(text: string): Promise<void> {
      while (!stderr.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${stderr}`);
        await once(child.stderr, "data");
      }
    },
    async end(): Promise<number | null> {
      await closed;
      return child.exitCode;
    },
  };
}

describe("tables", () => {
  test.each([60, 80, 120])(
    "fit a terminal of %i columns, whatever the script of the text",
    async (columns) => {
      const terminal = onTerminal(["list"], { columns });
      expect(await terminal.exit()).toBe(0);
      const lines = plain(terminal.output).split("\r\n").slice(0, -1);
      expect(lines).toHaveLength(1 + (await names()).length);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      expect(lines[0]).toMatch(/NAME +VERSION/);
      expect(plain(terminal.output)).toContain("@acme/weather");
      // The columns begin at the same place in every line, whatever stands before them.
      if (columns < 120) return;
      const begins = lines
        .map((line) => line.slice(0, line.search(/(?<= {2})(?:DESCRIPTION|Karten|世|시)/)))
        .filter((before) => before.endsWith("  "))
        .map((before) => stringWidth(before));
      expect(begins).toHaveLength(4);
      expect(new Set(begins).size).toBe(1);
    },
  );

  test("are tab-separated in a pipe, with nothing cut", async () => {
    const { stdout } = await inPipe(["list"]);
    const row = stdout.split("\n").find((line) => line.includes("weather"));
    expect(row?.split("\t")).toContain(
      "世界中のすべての都市の天気予報と気温と降水確率を表示するプラグインです。毎時更新されます。",
    );
    expect(stdout).not.toMatch(/NAME|…/);
  });
});

const names = async () => (await server.run("list", "-o", "name")).trimEnd().split("\n");

describe("colours", () => {
  test("are on a terminal", async () => {
    const terminal = onTerminal(["list"]);
    await terminal.exit();
    expect(terminal.output).toMatch(GREEN);
  });

  test.each([
    ["NO_COLOR", ["list"], { NO_COLOR: "1" }],
    ["--no-color", ["list", "--no-color"], {}],
    ["NO_COLOR beside FORCE_COLOR", ["list"], { NO_COLOR: "1", FORCE_COLOR: "1" }],
    ["PLUGCTL_COLOR=never", ["list"], { PLUGCTL_COLOR: "never" }],
  ])("are off with %s", async (_, args, env) => {
    const terminal = onTerminal(args, { env });
    await terminal.exit();
    expect(terminal.output).not.toMatch(ANY_COLOUR);
  });

  test("are off in a pipe, for results and for errors, unless FORCE_COLOR asks for them", async () => {
    expect((await inPipe(["target", "use", "local-store"])).stdout).not.toMatch(ANY_COLOUR);
    expect((await inPipe(["nonsense"])).stderr).not.toMatch(ANY_COLOUR);
    expect((await inPipe(["target", "use", "local-store"], { FORCE_COLOR: "1" })).stdout).toMatch(GREEN);
    expect((await inPipe(["nonsense"], { FORCE_COLOR: "1" })).stderr).toMatch(ANY_COLOUR);
  });

  test("never get into JSON", async () => {
    const { stdout } = await inPipe(["list", "-o", "json"], { FORCE_COLOR: "1" });
    expect(JSON.parse(stdout)).toHaveLength((await names()).length);
  });
});

describe("pipes", () => {
  test.each([
    ["a reader that has seen enough", "plugctl list | head -1; echo $PIPESTATUS", /acme.*\n0\n$/s],
    ["a reader that is gone", "plugctl audit -o jsonl | (exec <&-; sleep 1); echo $PIPESTATUS", /^0\n$/],
    ["a closed stdout", "plugctl list >&-; echo $?", /^0\n$/],
    ["a closed stdin", "plugctl list -o name <&-; echo $?", /local-store:@acme\/maps\n.*0\n$/s],
  ])("%s is no failure", async (_, line, expected) => {
    const { stdout, stderr } = await inShell(line);
    expect(stderr).toBe("");
    expect(stdout).toMatch(expected);
  });

  test("a full disk behind stdout is one", async () => {
    const { stdout, stderr } = await inShell("plugctl list -o json >/dev/full; echo $?");
    expect(stdout).toBe("1\n");
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("names go from one command to the next", async () => {
    const { stdout, stderr } = await inShell(
      "export -f plugctl; plugctl list -o name | xargs -n 1 bash -c 'plugctl info \"$1\" --fields name,version -o jsonl' _",
    );
    expect(stderr).toBe("");
    const found = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { name: string; version: string });
    expect(found).toHaveLength((await names()).length);
    expect(found).toContainEqual({ name: "@acme/maps", version: "1.0.0" });
  });

  test("--quiet prints names, --fields what was named, in that order", async () => {
    expect((await inPipe(["list", "-q"])).stdout).toContain("local-store:@acme/maps\n");
    expect((await inPipe(["list", "--fields", "version,name"])).stdout).toContain("1.0.0\t@acme/maps\n");
    const [first] = JSON.parse((await inPipe(["list", "--fields", "version,name", "-o", "json"])).stdout);
    expect(Object.keys(first)).toEqual(["version", "name"]);
  });
});

describe("the user's folders", () => {
  test.each([
    ["no HOME", {}],
    ["an empty HOME", { HOME: "" }],
  ])("are found with %s", async (_, env) => {
    const folder = await makeTempDir();
    const { exitCode, stdout } = await runBuilt(["config", "path", "-o", "json"], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: folder, ...env },
      cwd: folder,
    });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/"\/.*\.config\/plugctl/);
    expect(stdout).not.toContain(folder);
  });

  test("that cannot be written to are named, and reading goes on", async () => {
    const config = await ownConfig();
    await chmod(config, 0o500);
    const given = {
      env: { ...server.env, PLUGCTL_CONFIG_DIR: config },
      cwd: server.folder,
      unprivileged: true,
    };
    expect((await runBuilt(["target", "list", "-o", "name"], given)).stdout).toBe("local-store\n");
    const { exitCode, stdout, stderr } = await runBuilt(["target", "use", "local-store"], given);
    expect(stderr).toContain(config);
    expect(stderr).toMatch(/ERR_PLUGCTL_CONFIG\n$/);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });
});
