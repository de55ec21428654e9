import { spawn } from "node:child_process";
import { once } from "node:events";
import { PlugctlError } from "../../core/errors.ts";
import type { Narrator } from "./narrator.ts";

export interface CommandContext {
  /** bin/plugctl.js of this package. */
  launcher: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  narrator: Narrator;
}

interface RunOptions {
  /** Given to the command through the environment, and shown as `plc_…`. */
  token?: string;
  expectedExitCode?: number;
}

/** Runs real plugctl commands as child processes, each shown as it would be typed. */
export class Commands {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Output goes straight to where ours goes: on a terminal it looks as when typed there. @throws BACKEND. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<void> {
    const { launcher, cwd, env, signal, narrator } = this.#context;
    const line = ["plugctl", ...args.map(quote)].join(" ");
    await narrator.command(options.token === undefined ? line : `PLUGCTL_TOKEN=plc_… ${line}`);
    const child = spawn(process.execPath, [launcher, ...args], {
      cwd,
      env: options.token === undefined ? env : { ...env, PLUGCTL_TOKEN: options.token },
      stdio: ["ignore", narrator.stdoutFd, narrator.stdoutFd],
      signal,
    });
    const [exitCode] = (await once(child, "close")) as [number | null];
    const expected = options.expectedExitCode ?? 0;
    if (exitCode !== expected) {
      throw new PlugctlError(
        "BACKEND",
        `"${line}" ended with exit code ${exitCode}, and ${expected} was expected`,
      );
    }
  }
}

/** An argument as one types it in a shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
