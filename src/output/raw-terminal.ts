import { Writable } from "node:stream";
import type { InputStream, OutputStream, Terminal } from "./terminal.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** What a program that is cut off may leave behind: mouse reports, bracketed paste, a hidden cursor, colours. */
const RESET_MODES = "\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?25h\u001b[0m";
/** To be left only by who is there: elsewhere it moves the cursor. */
const LEAVE_ALTERNATE_SCREEN = "\u001b[?1049l";
const ALTERNATE_SCREEN = /\u001b\[\?(?:1049|1047|47)([hl])/g;
/** A sequence may come in two pieces. */
const LONGEST_SEQUENCE = 8;

/**
 * The user's terminal in raw mode, lent to a remote one: keys are passed on as they are, the size is known. However
 * the process ends, short of SIGKILL, the terminal is as it was before.
 */
export class RawTerminal implements Disposable {
  readonly #stdin: InputStream;
  readonly #stdout: OutputStream;
  #raw = false;
  #written = "";
  #onAlternateScreen = false;
  /** Where the remote terminal's output goes. */
  readonly output: Writable;
  readonly #restoreAtExit = () => this.#restore(true);

  /** The streams of `terminal` must be a terminal's. */
  constructor({ stdin, stdout }: Terminal) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.output = new Writable({
      write: (chunk: Buffer, _encoding, written) => {
        this.#watch(chunk.toString("latin1"));
        stdout.write(chunk, written);
      },
    });
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
    if (cutOff) this.#stdout.write((this.#onAlternateScreen ? LEAVE_ALTERNATE_SCREEN : "") + RESET_MODES);
  }

  #watch(text: string): void {
    this.#written = this.#written.slice(-LONGEST_SEQUENCE) + text;
    for (const [, mode] of this.#written.matchAll(ALTERNATE_SCREEN)) this.#onAlternateScreen = mode === "h";
  }
}
