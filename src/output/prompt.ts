import { cancelledError, usageError } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Asks people. Without a terminal (or with `--no-input`) a question is an error that names the flag to use instead. */
export class Prompter {
  readonly #terminal: Terminal;
  readonly #allowed: boolean;
  readonly #yes: boolean;
  readonly #signal: AbortSignal;

  constructor(terminal: Terminal, options: { input: boolean; yes: boolean; signal: AbortSignal }) {
    this.#terminal = terminal;
    this.#allowed = options.input && terminal.canPrompt;
    this.#yes = options.yes;
    this.#signal = options.signal;
  }

  /** Somebody is there to answer. */
  get canAsk(): boolean {
    return this.#allowed;
  }

  /** A line of text. `flag` is what a script gives instead. */
  async text(message: string, flag: string): Promise<string> {
    this.#need(message, flag);
    return this.#ask("input", { message });
  }

  /** A secret, not echoed. `flag` is what a script gives instead. */
  async secret(message: string, flag: string): Promise<string> {
    this.#need(message, flag);
    return this.#ask("password", { message, mask: "*" });
  }

  /** Returns when confirmed. @throws CANCELLED when declined, USAGE when nobody can be asked. */
  async confirm(message: string): Promise<void> {
    if (this.#yes) return;
    this.#need(message, "--yes");
    const confirmed = await this.#ask<boolean>("confirm", { message, default: false });
    if (!confirmed) throw cancelledError("nothing was changed");
  }

  #need(message: string, flag: string): void {
    if (this.#allowed) return;
    throw usageError(`"${message.replace(/[?:]$/, "")}" cannot be asked here`, {
      hint: `give ${flag}; questions need a terminal on stdin and stderr`,
    });
  }

  async #ask<T = string>(type: string, question: object): Promise<T> {
    const { default: inquirer } = await import("inquirer");
    const ask = inquirer.createPromptModule({
      input: this.#terminal.stdin as NodeJS.ReadStream,
      // inquirer's default is stdout, which carries results only.
      output: this.#terminal.stderr as NodeJS.WriteStream,
    });
    const prompt = ask([{ ...question, type, name: "value" } as never]);
    const abort = () => prompt.ui.close();
    this.#signal.addEventListener("abort", abort, { once: true });
    try {
      const answers = (await prompt) as { value: T };
      return answers.value;
    } catch (error) {
      if (error instanceof Error && error.name === "ExitPromptError") throw cancelledError();
      throw error;
    } finally {
      this.#signal.removeEventListener("abort", abort);
    }
  }
}
