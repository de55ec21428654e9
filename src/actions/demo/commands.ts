import { type StdioOptions, spawn } from "node:child_process";
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

const SECRET = /plc_\w+/g;
const HIDDEN = "plc_…";

/** Runs real plugctl commands as child processes, each shown as it would be typed. */
export class Commands {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Output goes straight to where ours goes: on a terminal it looks as when typed there. @throws BACKEND. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<void> {
    const { stdoutFd } = this.#context.narrator;
    await this.#execute(args, options, ["ignore", stdoutFd, stdoutFd]);
  }

  /** The same for a command that prints a secret: its output is returned, and shown without it. @throws BACKEND. */
  async capture(args: readonly string[]): Promise<string> {
    const { narrator } = this.#context;
    const output = await this.#execute(args, {}, ["ignore", "pipe", narrator.stdoutFd]);
    await narrator.output(output.replaceAll(SECRET, HIDDEN));
    return output;
  }

  async #execute(args: readonly string[], options: RunOptions, stdio: StdioOptions): Promise<string> {
    const { launcher, cwd, env, signal, narrator } = this.#context;
    const line = ["plugctl", ...args.map(quote)].join(" ");
    await narrator.command(options.token === undefined ? line : `PLUGCTL_TOKEN=${HIDDEN} ${line}`);
    const child = spawn(process.execPath, [launcher, ...args], {
      cwd,
      env: options.token === undefined ? env : { ...env, PLUGCTL_TOKEN: options.token },
      stdio,
      signal,
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const [exitCode] = (await once(child, "close")) as [number | null];
    const expected = options.expectedExitCode ?? 0;
    if (exitCode !== expected) {
      throw new PlugctlError(
        "BACKEND",
        `"${line}" ended with exit code ${exitCode}, and ${expected} was expected`,
      );
    }
    return output;
  }
}

/** An argument as one types it in a shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
