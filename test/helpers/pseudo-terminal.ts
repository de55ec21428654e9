import { type IPty, spawn } from "@lydell/node-pty";
import { onTestFinished } from "vitest";

/** How long to wait for a text to show up, in ms. */
const PATIENCE_MS = 20_000;

/** A program behind a pseudo-terminal, as a person uses it: keys in, characters out. */
export class PseudoTerminal {
  readonly #pty: IPty;
  /** What was shown since the last wait. */
  #output = "";
  #everything = "";
  readonly #exited: Promise<number>;

  constructor(
    command: string,
    args: string[],
    options: { env: NodeJS.ProcessEnv; cwd: string; columns?: number },
  ) {
    const { columns = 160, ...rest } = options;
    this.#pty = spawn(command, args, {
      ...rest,
      env: { ...options.env, TERM: "xterm" },
      cols: columns,
      rows: 40,
    });
    this.#pty.onData((text) => {
      this.#output += text;
      this.#everything += text;
    });
    this.#exited = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
    onTestFinished(() => this.#pty.kill());
  }

  /** All that was shown so far, control sequences and all. */
  get output(): string {
    return this.#everything;
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** The exit code of the program, once it has ended. */
  exit(): Promise<number> {
    return this.#exited;
  }

  /** Presses keys. */
  type(text: string): void {
    this.#pty.write(text);
  }

  /** Waits until the text has been shown since the last such wait, control sequences left out. */
  async shows(text: string): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const shown = this.#output.replace(/\u001b\[[0-9;?]*[a-zA-Z]|[\u0007\u0008]/g, "");
      const index = shown.indexOf(text);
      if (index >= 0) {
        this.#output = shown.slice(index + text.length);
        return;
      }
      if (Date.now() > end) throw new Error(`"${text}" did not show up; there was ${JSON.stringify(shown)}`);
    }
  }
}
