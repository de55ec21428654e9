import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const WORKER = fileURLToPath(new URL("./broker-worker.ts", import.meta.url));

/** A broker in a process of its own, which is killed and comes back at the same address. */
export class BrokerProcess {
  readonly #dataDir: string;
  #port = 0;
  #child: ChildProcess | undefined;
  /** What it said on standard error. */
  warnings = "";

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    onTestFinished(() => this.kill());
  }

  get endpoint(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.#port };
  }

  /** @returns how long it took, in milliseconds */
  async start(): Promise<number> {
    const began = performance.now();
    const args = [WORKER, this.#dataDir, String(this.#port)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    child.stderr.on("data", (chunk) => {
      this.warnings += chunk;
    });
    const line = await Promise.race([
      once(createInterface(child.stdout), "line").then(([first]) => String(first)),
      once(child, "close").then(() => undefined),
    ]);
    if (line === undefined) throw new Error(`the broker did not start: ${this.warnings}`);
    this.#port = Number(line);
    return performance.now() - began;
  }

  /** With SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }
}
