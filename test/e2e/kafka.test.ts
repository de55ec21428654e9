import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { BuiltServer, LAUNCHER, runBuilt } from "../helpers/built-plugctl.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: BuiltServer;
let topics = 0;

beforeAll(async () => {
  server = await BuiltServer.start({ args: ["--only", "kafka"] });
});

afterAll(() => server[Symbol.asyncDispose]());

const run = (args: readonly string[], stdin = "") =>
  runBuilt(args, { env: server.env, cwd: server.folder, stdin });

async function topic(): Promise<string> {
  topics += 1;
  const name = `topic-${topics}`;
  await server.run("kafka", "topics", "create", name, "-p", "2");
  return name;
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

/** A command that goes on; `shown` is its stdout so far. */
function begin(...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [LAUNCHER, ...args], { env: server.env });
  onTestFinished(() => void child.kill("SIGKILL"));
  const running = { child, shown: "", ended: once(child, "close").then(([code]) => code as number | null) };
  child.stdout?.on("data", (piece) => {
    running.shown += piece;
  });
  return running;
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const latest = Date.now() + 30_000; !(await done()); await sleep(50)) {
    if (Date.now() > latest) throw new Error("it did not come");
  }
}

it("writes what is piped in, and reads it", async () => {
  const name = await topic();
  const written = await run(["kafka", "produce", name, "--partition", "0"], numbers(20_000).join("\n"));
  expect(written).toMatchObject({ exitCode: 0 });
  expect(written.stdout).toMatch(/^✔ wrote 20000 messages to topic/);
  const read = await run(["kafka", "tail", name, "--from", "beginning", "--no-follow", "--fields", "value"]);
  expect(read.stdout.trimEnd().split("\n")).toEqual(numbers(20_000));
  expect(read.stderr).toBe("");
});

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("leaves the group and ends soon at %s", async (signal, code) => {
  const name = await topic();
  await run(["kafka", "produce", name], "one\n");
  const group = `group-of-${name}`;
  const tail = begin("kafka", "tail", name, "--group", group, "--from", "beginning", "--fields", "value");
  await until(() => tail.shown === "one\n");
  const asked = Date.now();
  tail.child.kill(signal);
  expect(await tail.ended).toBe(code);
  expect(Date.now() - asked).toBeLessThan(5_000);
  const groups = JSON.parse(await server.run("kafka", "groups", "list", "-o", "json"));
  expect(groups.find((row: { name: string }) => row.name === group)).toMatchObject({
    state: "Empty",
    members: 0,
  });
});

it("ends without an error when its reader has seen enough", async () => {
  const name = await topic();
  await run(["kafka", "produce", name], numbers(5_000).join("\n"));
  const tail = begin("kafka", "tail", name, "--from", "beginning");
  await until(() => tail.shown !== "");
  tail.child.stdout?.destroy();
  await run(["kafka", "produce", name], "more\n");
  expect(await tail.ended).toBe(0);
});

it("says how far it came when it is interrupted while lines come", async () => {
  const name = await topic();
  const child = spawn(process.execPath, [LAUNCHER, "kafka", "produce", name], { env: server.env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  child.stdin.write("one\ntwo\n");
  await until(async () => {
    const partitions = JSON.parse(await server.run("kafka", "topics", "describe", name, "-o", "json"));
    return partitions.some(({ messages }: { messages: number }) => messages === 2);
  });
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  expect(code).toBe(130);
  expect(stderr).toContain("lines 1 to 2 are written");
});

it("has its words in the help and in completion", async () => {
  const { stdout } = await run(["kafka", "--help"]);
  for (const word of ["topics", "groups", "tail", "produce"]) expect(stdout).toContain(word);
  const offered = await run(["complete", "--", "kafka", "produce", "x", "--compression", ""]);
  for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"]) expect(offered.stdout).toContain(codec);
});
