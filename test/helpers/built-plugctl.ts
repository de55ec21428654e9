import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const LAUNCHER = fileURLToPath(new URL("../../bin/plugctl.js", import.meta.url));
/** What `npm run build:examples` writes. */
export const DEMO_FILES = fileURLToPath(new URL("../../dist/demo/", import.meta.url));

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs the built program to its end. `env` is the whole environment. */
export function runBuilt(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [LAUNCHER, ...args], options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** A server of the built program with a data and a configuration directory of its own. */
export class BuiltServer implements AsyncDisposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly http: string;
  readonly #stop: () => Promise<void>;

  private constructor(folder: string, env: NodeJS.ProcessEnv, http: string, stop: () => Promise<void>) {
    this.folder = folder;
    this.env = env;
    this.http = http;
    this.#stop = stop;
  }

  static async start(): Promise<BuiltServer> {
    const folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
    const env = { PATH: process.env.PATH, HOME: folder, PLUGCTL_CONFIG_DIR: join(folder, "config") };
    const readyFile = join(folder, "ready.json");
    const args = ["serve", "--data", join(folder, "data"), "--port", "0", "--ready-file", readyFile];
    const child = spawn(process.execPath, [LAUNCHER, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    while (!existsSync(readyFile)) {
      if (child.exitCode !== null) throw new Error(`plugctl serve ended with ${child.exitCode}: ${stderr}`);
      await sleep(20);
    }
    const { http } = JSON.parse(await readFile(readyFile, "utf8")) as { http: string };
    return new BuiltServer(folder, env, http, async () => {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    });
  }

  /** Runs a command against this server. @throws Error when it does not end with 0. */
  async run(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await runBuilt(args, { env: this.env, cwd: this.folder });
    if (exitCode !== 0) throw new Error(`plugctl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  /** The list that applications read. */
  get listUrl(): string {
    return `${this.http}/discovery/main`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}
