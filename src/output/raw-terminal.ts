import type { InputStream, OutputStream, Terminal } from "./terminal.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

/**
 * What a program that is cut off in the middle may leave behind: the alternate screen, mouse reports, bracketed
 * paste, a hidden cursor, colours.
 */
const RESET_MODES =
  "\u001b[?1049l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?25h\u001b[0m";

/**
 * The user's terminal in raw mode, lent to a remote one: keys are passed on as they are, the size is known. However
 * the process ends, short of SIGKILL, the terminal is as it was before.
 */
export class RawTerminal implements Disposable {
  readonly #stdin: InputStream;
  readonly #stdout: OutputStream;
  #raw = false;
  readonly #restoreAtExit = () => this.#restore(true);

  /** The streams of `terminal` must be a terminal's. */
  constructor({ stdin, stdout }: Terminal) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    process.on("exit", this.#restoreAtExit);
    this.#stdin.setRawMode?.(true);
    this.#raw = true;
  }

  get size(): TerminalSize {
    return { columns: this.#stdout.columns ?? 80, rows: this.#stdout.rows ?? 24 };
  }

  /** Calls back on each change of the size; returns how to end that. */
  onResize(listener: (size: TerminalSize) => void): () => void {
    const onResize = () => listener(this.size);
    this.#stdout.on("resize", onResize);
    return () => this.#stdout.off("resize", onResize);
  }

  /** Gives the terminal back after a session that was cut off. */
  cutOff(): void {
    this.#restore(true);
  }

  [Symbol.dispose](): void {
    this.#restore(false);
  }

  #restore(cutOff: boolean): void {
    if (!this.#raw) return;
    this.#raw = false;
    process.off("exit", this.#restoreAtExit);
    this.#stdin.setRawMode?.(false);
    if (cutOff) this.#stdout.write(RESET_MODES);
  }
}
