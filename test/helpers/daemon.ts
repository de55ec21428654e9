import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./debian-programs.ts";

export interface DaemonOptions {
  program: string;
  args: readonly string[];
  logFile: string;
  env?: Readonly<Record<string, string>>;
  /** Asked again and again until it is true. */
  ready: () => Promise<boolean>;
  /** How long that may take, in ms; 30 s by default. */
  patience?: number;
}

/** A child process that is ready to serve. */
export interface Daemon {
  readonly pid: number;
  readonly running: boolean;
  /** Ends it and waits for the end; by force when it takes longer than 15 s. Safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** @throws with the end of its log when it ends, or is not ready in time. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const program = findProgram(options.program) ?? options.program;
  const log = openSync(options.logFile, "a");
  const child = spawn(program, options.args, {
    stdio: ["ignore", log, log],
    env: { ...process.env, ...options.env },
  });
  closeSync(log);
  const deadline = Date.now() + (options.patience ?? 30_000);
  while (!(await options.ready().catch(() => false))) {
    if (hasEnded(child) || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(
        `${options.program} did not start: ${readFileSync(options.logFile, "utf8").slice(-2000)}`,
      );
    }
    await sleep(50);
  }
  return {
    pid: child.pid ?? 0,
    get running() {
      return !hasEnded(child);
    },
    stop: (signal = "SIGTERM") => stop(child, signal),
  };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(force);
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
