import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn as spawnTerminal } from "@lydell/node-pty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LAUNCHER, runBuilt } from "../helpers/built-plugctl.ts";
import { busyboxImage, pushImage } from "../helpers/busybox-image.ts";
import { useDockerEngine } from "../helpers/docker-engine.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { useRegistry } from "../helpers/registry.ts";

const engine = useDockerEngine();
const registry = useRegistry();

let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
  env = { PATH: process.env.PATH, HOME: folder, PLUGCTL_CONFIG_DIR: join(folder, "config") };
  await plugctl("target", "add", "edge", "--kind", "container", "--url", engine.url);
  await busyboxImage(engine.api, "demo/service:1", { program: "service", changes: ["VOLUME /data"] });
  await busyboxImage(engine.api, "demo/ticker:1", { program: "ticker" });
  await plugctl("install", "image:demo/service:1", "--name", "service");
  await plugctl("install", "image:demo/ticker:1", "--name", "ticker");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runBuilt(args, { env, cwd: folder });

/** A command that must succeed. */
async function plugctl(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(...args);
  if (exitCode !== 0) throw new Error(`plugctl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
  return stdout;
}

const json = async (...args: string[]) => JSON.parse(await plugctl(...args, "-o", "json"));

describe("lifecycle", () => {
  it("goes through its states; what is so already is no error", async () => {
    const states = [];
    for (const verb of ["start", "pause", "pause", "resume", "stop", "stop", "start", "kill", "restart"]) {
      const { state, changed } = await json(verb, "service");
      states.push(`${verb}: ${state} ${changed}`);
    }
    expect(states).toEqual([
      "start: running false",
      "pause: paused true",
      "pause: paused false",
      "resume: running true",
      "stop: stopped true",
      "stop: stopped false",
      "start: running true",
      expect.stringMatching(/^kill: (?:stopped|failed) true$/),
      "restart: running true",
    ]);
  });

  it("of several says with exit code 8 which failed, in the order given", async () => {
    const { exitCode, stdout, stderr } = await run(
      "start",
      "edge:ticker",
      "missing",
      "service",
      "-o",
      "json",
    );
    expect(exitCode).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject([
      { target: "edge", name: "ticker", state: "running", error: null },
      { name: "missing", error: { code: "NOT_FOUND" } },
      { name: "service", state: "running", error: null },
    ]);
    expect(stderr).toContain("edge:missing");
  });
});

describe("logs", () => {
  it("go on across a restart, until Ctrl-C ends them with 130", async () => {
    const child = spawn(process.execPath, [LAUNCHER, "logs", "ticker", "-f", "--tail", "1", "-T"], { env });
    const exit = once(child, "exit");
    let text = "";
    child.stdout.on("data", (piece) => {
      text += piece;
    });
    await expect.poll(() => text.split("\n").length, { timeout: 20_000 }).toBeGreaterThan(3);
    const before = text.length;
    await plugctl("restart", "ticker", "--timeout", "1s");
    await expect.poll(() => text.slice(before), { timeout: 20_000 }).toMatch(/ tick 1\n[\s\S]* tick 3\n/);
    child.kill("SIGINT");
    expect((await exit)[0]).toBe(130);
    const lines = text.trim().split("\n");
    expect(new Set(lines).size).toBe(lines.length);
    expect([...lines].sort()).toEqual(lines);
  });

  it("of several plugins are merged by time", async () => {
    const lines = (await plugctl("logs", "ticker", "service", "-o", "jsonl", "--tail", "20"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { at: string; plugin: string });
    expect(new Set(lines.map(({ plugin }) => plugin))).toEqual(new Set(["ticker", "service"]));
    const times = lines.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
  });
});

describe("shell without a terminal", () => {
  it("passes pipes through, both ways, byte for byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
    const child = spawn(process.execPath, [LAUNCHER, "shell", "service", "--", "cat"], { env });
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece) => pieces.push(piece));
    child.stdin.end(bytes);
    expect((await once(child, "exit"))[0]).toBe(0);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });

  it("keeps stdout and stderr apart and passes on the exit code", async () => {
    const result = await run("shell", "service", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
    expect(result).toEqual({ exitCode: 7, stdout: "out\n", stderr: "err\n" });
  });

  it("ends with 126 or 127 for what cannot be run, and 125 when it could not even begin", async () => {
    expect((await run("shell", "service", "--", "/etc/passwd")).exitCode).toBe(126);
    expect((await run("shell", "service", "--", "no-such-program")).exitCode).toBe(127);
    expect((await run("shell", "missing", "--", "true")).exitCode).toBe(125);
  });

  it("does not wait for a stdin that never ends", async () => {
    const child = spawn(process.execPath, [LAUNCHER, "shell", "service", "--", "true"], { env });
    expect((await once(child, "exit"))[0]).toBe(0);
  });
});

/** Of busybox's shell, which then asks the terminal where its cursor is. */
const PROMPT = /# (?:\u001b\[\d*[A-Za-z](?:\/ # )?)*$/;

/** A terminal in which somebody types. */
function terminal(...args: string[]) {
  const words = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(" ");
  const pty = spawnTerminal("sh", ["-c", `${words}; code=$?; stty -a; echo "ended with $code"`], {
    cols: 100,
    rows: 30,
    env: { ...(env as Record<string, string>), TERM: "xterm" },
  });
  let text = "";
  let mark = 0;
  pty.onData((piece) => {
    text += piece;
  });
  const ended = new Promise<string>((resolve) => pty.onExit(() => resolve(text)));
  return {
    pty,
    ended,
    /** What was shown since the last wait. */
    async until(pattern: RegExp) {
      await expect.poll(() => text.slice(mark), { timeout: 20_000 }).toMatch(pattern);
      mark = text.length;
    },
    type: (keys: string) => pty.write(keys),
  };
}

const isCooked = (text: string) =>
  ["icanon", "echo", "isig"].every((mode) => new RegExp(`(?<!-)\\b${mode}\\b`).test(text));

describe("shell in a terminal", () => {
  it("runs an editor that follows the size, and gives the terminal and the exit code back", async () => {
    const { pty, until, type, ended } = terminal("shell", "service");
    await until(PROMPT);
    type("stty size\r");
    await until(/30 100/);
    type("vi /tmp/note\r");
    await until(/\u001b\[[\s\S]*~[\s\S]*note/);
    type("ihello from vi\u001b");
    await until(/hello from vi/);
    pty.resize(60, 20);
    type(":wq\r");
    await until(PROMPT);
    type("stty size; cat /tmp/note\r");
    await until(/20 60\s[\s\S]*hello from vi/);
    type("exit 7\r");
    const text = await ended;
    expect(text).toContain("ended with 7");
    expect(isCooked(text)).toBe(true);
  });

  it("passes Ctrl-C to the command inside, and Ctrl-Z to its job control", async () => {
    const { until, type, ended } = terminal("shell", "service");
    await until(PROMPT);
    type("sleep 1000\r");
    await until(/sleep 1000/);
    type("\u001a");
    await until(/Stopped/);
    type("fg\r");
    await until(/sleep 1000/);
    type("\u0003");
    await until(PROMPT);
    type("echo code $?; exit\r");
    expect(await ended).toContain("code 130");
  });

  it("is left with Ctrl-P Ctrl-Q, while what was begun goes on", async () => {
    const { until, type, ended } = terminal("shell", "service");
    await until(PROMPT);
    type("sleep 4321\r");
    await until(/4321/);
    type("\u0010\u0011");
    const text = await ended;
    expect(text).toContain("ended with 0");
    expect(isCooked(text)).toBe(true);
    expect(await plugctl("top", "service")).toContain("sleep 4321");
  });

  it("gives the terminal back when it is terminated in the middle of an editor", async () => {
    const { pty, until, type, ended } = terminal("shell", "service");
    await until(PROMPT);
    type("vi /tmp/other\r");
    await until(/other/);
    const [pid] = await childrenOf(pty.pid);
    process.kill(Number(pid), "SIGTERM");
    const text = await ended;
    expect(text).toContain("ended with 143");
    expect(isCooked(text)).toBe(true);
  });
});

async function childrenOf(pid: number): Promise<string[]> {
  const { readFile } = await import("node:fs/promises");
  return (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
}

describe("settings", () => {
  it("are applied, and show in the plugin", async () => {
    await plugctl("set", "service", "GREETING=hello", "--memory", "64m");
    expect(await plugctl("shell", "service", "--", "sh", "-c", "echo $GREETING")).toBe("hello\n");
    expect(await json("set", "service")).toMatchObject({ name: "service", memoryBytes: 67_108_864 });
    await plugctl("set", "service", "--unset", "GREETING");
    expect(await plugctl("shell", "service", "--", "sh", "-c", "echo $GREETING")).toBe("\n");
  });

  it("that do not let it start are taken back", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as { port: number };
    try {
      const { exitCode } = await run("set", "service", "KEPT=no", "-p", `127.0.0.1:${port}:80`);
      expect(exitCode).not.toBe(0);
      expect((await json("list")).find(({ name }: { name: string }) => name === "service").state).toBe(
        "running",
      );
      expect((await json("set", "service")).env).not.toHaveProperty("KEPT");
    } finally {
      holder.close();
    }
  });
});

describe("backup and restore", () => {
  it("bring data and settings back under another name", async () => {
    await plugctl("shell", "service", "--", "sh", "-c", "echo precious > /data/file");
    await plugctl("backup", "service", "service.backup");
    await plugctl("restore", "service.backup", "--name", "copy");
    await plugctl("start", "copy");
    expect(await plugctl("shell", "copy", "--", "cat", "/data/file")).toBe("precious\n");
    expect((await run("restore", "service.backup", "--name", "copy")).exitCode).toBe(5);
    await plugctl("remove", "copy", "--purge", "--yes");
  });
});

const entry = (version: string) => ({
  name: "noter",
  version,
  description: "Takes notes",
  author: "Acme",
  license: "MIT",
  metadata: {
    name: "Noter",
    description: "Takes notes",
    category: "development",
    vendor: "acme",
    image: "x.png",
  },
  task: {
    type: "docker",
    image: "demo/service:1",
    user: "0:0",
    volumes: [{ source: "data", target: "/data", description: "notes" }],
    env: { WHO: "{{THINGER_PLUGIN}} {{THINGER_PLUGIN_VERSION}}" },
  },
});

describe("a catalogue entry", () => {
  const who = () => plugctl("shell", "noter", "--", "sh", "-c", "echo $WHO");

  it("is installed from a folder, and keeps its data when it is removed unless --purge is given", async () => {
    await writeFiles(join(folder, "market/noter"), { "plugin.json": entry("1.0.0") });
    await plugctl("install", "./market/noter");
    expect(await who()).toBe("noter 1.0.0\n");
    await plugctl("shell", "noter", "--", "sh", "-c", "echo kept > /data/note");
    await plugctl("remove", "noter", "--yes");
    expect((await run("start", "noter")).exitCode).toBe(3);
    await plugctl("install", "./market/noter");
    expect(await plugctl("shell", "noter", "--", "cat", "/data/note")).toBe("kept\n");
    await plugctl("remove", "noter", "--yes", "--purge");
    await plugctl("install", "./market/noter");
    expect((await run("shell", "noter", "--", "cat", "/data/note")).exitCode).toBe(1);
    await plugctl("remove", "noter", "--yes", "--purge");
  });

  it("is found, read, installed by its name and updated where the target has a catalogue", async () => {
    await writeFiles(join(folder, "market/noter"), {
      "plugin.json": entry("1.0.0"),
      "README.md": "# Noter\n\nTakes **notes**.\n",
    });
    const target = ["--kind", "container", "--url", engine.url, "--user", "ann", "--catalogue", "./market"];
    await plugctl("target", "add", "shop", ...target);
    expect(await plugctl("search", "-t", "shop", "--category", "Development", "--vendor", "ACME", "-q")).toBe(
      "shop:noter\n",
    );
    expect(await plugctl("search", "-t", "shop", "--category", "devices", "-q")).toBe("");
    expect(await plugctl("info", "shop:noter")).toContain("\n\n# Noter\n\nTakes **notes**.\n");
    await plugctl("install", "shop:noter");
    expect(await json("outdated", "-t", "shop")).toEqual([]);
    await writeFiles(join(folder, "market/noter"), { "plugin.json": entry("1.1.0") });
    expect(await json("outdated", "-t", "shop")).toMatchObject([{ name: "noter", latest: "1.1.0" }]);
    await plugctl("update", "--all", "-t", "shop");
    expect(await plugctl("shell", "shop:noter", "--", "sh", "-c", "echo $WHO")).toBe("noter 1.1.0\n");
    await plugctl("rollback", "shop:noter");
    expect(await json("info", "shop:noter")).toMatchObject({ version: "1.0.0", state: "running" });
    await plugctl("remove", "shop:noter", "--yes", "--purge");
    await plugctl("target", "remove", "shop", "--yes");
  });
});

describe("images from a registry", () => {
  it("are outdated when their tag leads elsewhere; update goes there, rollback comes back", async () => {
    const reference = `${registry.host}/demo/page:1`;
    const publish = async (content: string) => {
      await busyboxImage(engine.api, reference, { program: "service", files: { "etc/content": content } });
      await pushImage(engine.api, reference);
    };
    const content = () => plugctl("shell", "page", "--", "cat", "/etc/content");
    await publish("first");
    await plugctl("install", `image:${reference}`, "--name", "page");
    expect((await run("outdated", "--exit-code")).exitCode).toBe(0);
    await publish("second");
    const outdated = await run("update", "--all", "--check", "--exit-code", "-o", "json");
    expect(outdated.exitCode).toBe(10);
    expect(JSON.parse(outdated.stdout)).toMatchObject([{ name: "page", digestChanged: true }]);
    await plugctl("update", "page", "--dry-run");
    expect(await content()).toBe("first");
    await plugctl("update", "--all");
    expect(await content()).toBe("second");
    expect((await run("outdated", "--exit-code")).exitCode).toBe(0);
    await plugctl("rollback", "page");
    expect(await content()).toBe("first");
    await plugctl("remove", "page", "--yes", "--purge");
  });
});

describe("watching", () => {
  it("stats are a JSON line a sample in a pipe; top shows processes", async () => {
    const child = spawn(process.execPath, [LAUNCHER, "stats", "service", "-w"], { env });
    const exit = once(child, "exit");
    let text = "";
    child.stdout.on("data", (piece) => {
      text += piece;
    });
    await expect.poll(() => text.split("\n").length, { timeout: 20_000 }).toBeGreaterThan(2);
    child.kill("SIGINT");
    expect((await exit)[0]).toBe(130);
    const [sample] = text.split("\n").map((line) => JSON.parse(line || "{}"));
    expect(sample).toMatchObject({ target: "edge", name: "service", cpuPercent: expect.any(Number) });
    expect(sample.memoryBytes).toBeGreaterThan(0);
    expect(await plugctl("top", "service")).toContain("sh");
  });
});
