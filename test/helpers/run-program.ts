import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, or until it has written a text to stderr. */
export async function runProgram(
  program: string,
  args: readonly string[],
  input = "",
  until?: string,
): Promise<Ended> {
  const child = spawn(program, args, { timeout: 60_000 });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
    if (until !== undefined && output.stderr.includes(until)) child.kill("SIGKILL");
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, ...output };
}
