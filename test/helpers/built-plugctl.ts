import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const LAUNCHER = fileURLToPath(new URL("../../bin/plugctl.js", import.meta.url));
/** What `npm run build:examples` writes. */
export const DEMO_FILES = fileURLToPath(new URL("../../dist/demo/", import.meta.url));

/** Finds the Node that runs the tests before any other. */
export const NODE_PATH = `${dirname(process.execPath)}:${process.env.PATH}`;

const START_PATIENCE_MS = 60_000;
const RUN_PATIENCE_MS = 100_000;

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** The whole environment. */
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** What is piped in; nothing by default. */
  stdin?: string;
  /** File permissions count, as they do not for root. */
  unprivileged?: boolean;
}

/** As root without the rights to pass over file permissions (setpriv is in Debian's util-linux). */
const UNPRIVILEGED =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] : [];

/** Runs the built program to its end. */
export function runBuilt(args: readonly string[], given: RunOptions): Promise<Outcome> {
  const { stdin = "", unprivileged = false, ...options } = given;
  const [program = "", ...words] = [
    ...(unprivileged ? UNPRIVILEGED : []),
    process.execPath,
    LAUNCHER,
    ...args,
  ];
  return new Promise((resolve) => {
    const limits = { timeout: RUN_PATIENCE_MS, killSignal: "SIGKILL" as const, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(program, words, { ...options, ...limits }, (error, stdout, stderr) => {
      // No number: a signal ended it, and that is no exit code that anything may expect.
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : Number.NaN;
      resolve({ exitCode, stdout, stderr });
    });
    // A program that ends without reading its stdin is not at fault.
    child.stdin?.on("error", () => {});
    child.stdin?.end(stdin);
  });
}

export interface ServerOptions {
  /** Where data and configuration are, and stay; by default a folder that goes away with the server. */
  folder?: string;
  /** Further words of `plugctl serve`. */
  args?: readonly string[];
  /** Another way to start plugctl than from this tree: the program with its first words. */
  program?: readonly [string, ...string[]];
}

/** A `plugctl serve` of the built program, as a process of its own, with data and configuration of its own. */
export class BuiltServer implements AsyncDisposable {
  readonly folder: string;
  /** For commands of the user who started the server. */
  readonly env: NodeJS.ProcessEnv;
  readonly http: string;
  /** The admin's, which the first start left in the configuration. */
  readonly token: string;
  readonly #process: ChildProcess;
  readonly #keep: boolean;

  private constructor(given: {
    folder: string;
    env: NodeJS.ProcessEnv;
    http: string;
    token: string;
    process: ChildProcess;
    keep: boolean;
  }) {
    this.folder = given.folder;
    this.env = given.env;
    this.http = given.http;
    this.token = given.token;
    this.#process = given.process;
    this.#keep = given.keep;
  }

  /** Starts the server on `<folder>/data`, with configuration in `<folder>/config`. */
  static async start(options: ServerOptions = {}): Promise<BuiltServer> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "plugctl-test-")));
    const env = { PATH: NODE_PATH, HOME: folder, PLUGCTL_CONFIG_DIR: join(folder, "config") };
    const readyFile = join(folder, "ready.json");
    await rm(readyFile, { force: true });
    const [program, ...first] = options.program ?? [process.execPath, LAUNCHER];
    const words = ["serve", "--data", join(folder, "data"), "--port", "0", "--ready-file", readyFile];
    const child = spawn(program, [...first, ...words, ...(options.args ?? [])], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const latest = Date.now() + START_PATIENCE_MS;
    while (!existsSync(readyFile)) {
      if (child.exitCode === null && Date.now() < latest) {
        await sleep(20);
        continue;
      }
      child.kill("SIGKILL");
      throw new Error(`plugctl serve did not start (exit code ${child.exitCode}): ${stderr}`);
    }
    const { http } = JSON.parse(await readFile(readyFile, "utf8")) as { http: string };
    const token = await readToken(env.PLUGCTL_CONFIG_DIR);
    return new BuiltServer({ folder, env, http, token, process: child, keep: options.folder !== undefined });
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

  /** Ends it with a signal and waits; returns its exit code, or null when the signal ended it. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    }
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    if (!this.#keep) await rm(this.folder, { recursive: true, force: true });
  }
}

async function readToken(configDir: string): Promise<string> {
  const text = await readFile(join(configDir, "credentials.json"), "utf8");
  const { credentials } = JSON.parse(text) as { credentials: Record<string, { token: string }> };
  // Every ready-made target has the same one.
  const token = Object.values(credentials)[0]?.token;
  if (token === undefined) throw new Error("the first start left no token");
  return token;
}
