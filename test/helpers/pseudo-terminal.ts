import { type IPty, spawn } from "@lydell/node-pty";
import { onTestFinished } from "vitest";

/** How long to wait for a text to show up, in ms. */
const PATIENCE_MS = 20_000;

/** A program behind a pseudo-terminal, as a person uses it: keys in, characters out. */
export class PseudoTerminal {
  readonly #pty: IPty;
  #output = "";

  constructor(command: string, args: string[], options: { env: NodeJS.ProcessEnv; cwd: string }) {
    this.#pty = spawn(command, args, {
      ...options,
      env: { ...options.env, TERM: "xterm" },
      cols: 160,
      rows: 40,
    });
    this.#pty.onData((text) => {
      this.#output += text;
    });
    onTestFinished(() => this.#pty.kill());
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
