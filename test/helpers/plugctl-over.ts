import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { LAUNCHER, type Outcome, runBuilt } from "./built-plugctl.ts";

/** The built program with a configuration of this suite alone, whose target `edge` is an engine. */
export interface PlugctlOver {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  run(...args: string[]): Promise<Outcome>;
  /** A command that must succeed. @returns its stdout. */
  must(...args: string[]): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the command's JSON is.
  json(...args: string[]): Promise<any>;
  begin(...args: string[]): RunningPlugctl;
}

/** A command that goes on for a while. */
export interface RunningPlugctl {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Waits until stdout and stderr together show it. @throws Error after 30 s, or when the command ends before. */
  shows(pattern: RegExp): Promise<void>;
}

/** @param options of `plugctl target add`; the engine may start in a `beforeAll` of its own, called before this. */
export function plugctlOver(engine: { url: string }, ...options: string[]): PlugctlOver {
  let folder = "";
  const env = () => ({ PATH: process.env.PATH, HOME: folder, PLUGCTL_CONFIG_DIR: join(folder, "config") });
  const run = (...args: string[]) => runBuilt(args, { env: env(), cwd: folder });
  async function must(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run(...args);
    if (exitCode !== 0) throw new Error(`plugctl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
    await must("target", "add", "edge", "--kind", "container", "--url", engine.url, ...options);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    get folder() {
      return folder;
    },
    get env() {
      return env();
    },
    run,
    must,
    json: async (...args) => JSON.parse(await must(...args, "-o", "json")),
    begin: (...args) => begin(args, { env: env(), cwd: folder }),
  };
}

function begin(args: readonly string[], options: { env: NodeJS.ProcessEnv; cwd: string }): RunningPlugctl {
  const child = spawn(process.execPath, [LAUNCHER, ...args], options);
  onTestFinished(() => void child.kill("SIGKILL"));
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (piece) => {
      texts[name] += piece;
    });
  }
  const ended = once(child, "close").then(([code]) => ({ exitCode: code ?? Number.NaN, ...texts }));
  return {
    process: child,
    ended,
    async shows(pattern) {
      for (const latest = Date.now() + 30_000; ; await sleep(50)) {
        if (pattern.test(texts.stdout + texts.stderr)) return;
        if (child.exitCode === null && Date.now() < latest) continue;
        throw new Error(`plugctl ${args.join(" ")} did not show ${pattern}: ${JSON.stringify(texts)}`);
      }
    },
  };
}
