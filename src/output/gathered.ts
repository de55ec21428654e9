import type { Terminal } from "./terminal.ts";

/** Characters of text that are written at once at the latest. */
const MOST = 65_536;

/**
 * Writes what comes quickly one after the other together: a call of the system for each line would take longer than the
 * line. As soon as nothing more comes, everything is written.
 */
export class Gathered {
  readonly #terminal: Terminal;
  #text = "";
  #next: NodeJS.Immediate | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Waits while the reader is slow. */
  async print(text: string): Promise<void> {
    this.#text += text;
    if (this.#text.length >= MOST) return this.flush();
    // A stream that breaks is for the process to see.
    this.#next ??= setImmediate(() => void this.flush().catch(() => {}));
  }

  async flush(): Promise<void> {
    clearImmediate(this.#next);
    this.#next = undefined;
    const text = this.#text;
    this.#text = "";
    if (text !== "") await this.#terminal.print(text);
  }
}
