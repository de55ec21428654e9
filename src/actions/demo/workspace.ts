import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a process may take to end by itself, in ms. */
const GRACE_MS = 10_000;

/**
 * A temporary folder with the long-running processes that work in it. Disposing of it ends them and deletes it; when
 * this process is made to exit before, the same happens at once.
 */
export class Workspace implements AsyncDisposable {
  readonly folder: string;
  readonly #leaders = new Set<ChildProcess>();
  readonly #onExit = () => {
    for (const leader of this.#leaders) killGroup(leader);
    rmSync(this.folder, { recursive: true, force: true });
  };

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "plugctl-demo-"));
    process.once("exit", this.#onExit);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Starts a process in a group of its own: Ctrl-C reaches it through us, and its children end with it. */
  start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const leader = spawn(command, args, { ...options, detached: true });
    this.#leaders.add(leader);
    return leader;
  }

  /** Ends a process that `start` gave, and whatever it started. */
  async stop(leader: ChildProcess): Promise<void> {
    const hasEnded = leader.exitCode !== null || leader.signalCode !== null || leader.pid === undefined;
    const ended = hasEnded ? Promise.resolve() : once(leader, "exit");
    // The process itself ends its children in order, and collects them; what it leaves is ended below.
    leader.kill("SIGTERM");
    const patience = new AbortController();
    await Promise.race([ended, sleep(GRACE_MS, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    killGroup(leader);
    this.#leaders.delete(leader);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#leaders].map((leader) => this.stop(leader)));
    // A process that was killed a moment ago may still be writing.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    process.removeListener("exit", this.#onExit);
  }
}

function killGroup(leader: ChildProcess): void {
  if (leader.pid === undefined) return;
  try {
    if (process.platform === "win32") leader.kill("SIGKILL");
    else process.kill(-leader.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
