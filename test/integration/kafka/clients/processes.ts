import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Consumption } from "./client.ts";

/** Longer than any of them takes on a busy machine. */
const PATIENCE_MS = 90_000;
/** Programs that run to their end at a time: virtual machines that start all at once hinder each other. */
const AT_A_TIME = 3;

/** Every process of a client that runs now. */
const running = new Set<{ kill(signal: NodeJS.Signals): boolean }>();

/** Ends what a test that failed has left. */
export function endProcesses(): void {
  for (const child of running) child.kill("SIGKILL");
}

let free = AT_A_TIME;
const waiting: (() => void)[] = [];

/** Runs a program to its end and returns what it printed. @throws Error with what it said when it fails. */
export async function run(program: string, args: readonly string[], input = ""): Promise<string> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else free -= 1;
  try {
    return await runAtOnce(program, args, input);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

function runAtOnce(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      running.delete(child);
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() || error.message, { cause: error }));
    });
    running.add(child);
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** A consumer that is a process: it prints one value a line and leaves its group on SIGTERM. */
export function consumption(program: string, args: readonly string[]): Consumption {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const ended = once(child, "close");
  const values: string[] = [];
  createInterface(child.stdout).on("line", (line) => values.push(line));
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return {
    values,
    async stop() {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${stderr}`);
      child.kill("SIGTERM");
      await ended;
      running.delete(child);
    },
  };
}

export const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");
export const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
