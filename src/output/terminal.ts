import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

export type ColorMode = "auto" | "always" | "never";

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface InputStream extends Readable {
  readonly isTTY?: boolean;
  /** Of a terminal: each key is passed on at once and as it is, Ctrl-C included. */
  setRawMode?(raw: boolean): unknown;
}

export interface Streams {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** The three streams of a run and what may be done with them. Tests make one with plain streams. */
export class Terminal {
  readonly #streams: Streams;
  readonly #env: NodeJS.ProcessEnv;

  /** `streams` is the process, which opens each stream when it is first asked for. */
  constructor(streams: Streams, env: NodeJS.ProcessEnv) {
    this.#streams = streams;
    this.#env = env;
  }

  get stdin(): InputStream {
    return this.#streams.stdin;
  }

  get stdout(): OutputStream {
    return this.#streams.stdout;
  }

  get stderr(): OutputStream {
    return this.#streams.stderr;
  }

  /** Results go to people: headers, relative times, fitted columns. */
  get stdoutIsTerminal(): boolean {
    return this.stdout.isTTY === true;
  }

  /** Spinners may be shown: a terminal on stderr that is not a CI log. */
  get canAnimate(): boolean {
    return this.stderr.isTTY === true && !this.inCI && this.#env.TERM !== "dumb";
  }

  /** Questions may be asked: both ends are a terminal and nobody said `CI`. */
  get canPrompt(): boolean {
    return this.stdin.isTTY === true && this.stderr.isTTY === true && !this.inCI;
  }

  get inCI(): boolean {
    const ci = this.#env.CI;
    return ci !== undefined && ci !== "" && ci !== "0" && ci !== "false";
  }

  get width(): number {
    const forced = Number(this.#env.COLUMNS);
    if (Number.isInteger(forced) && forced > 0) return forced;
    return this.stdout.columns ?? 80;
  }

  /** Symbols beyond ASCII can be shown. */
  get unicode(): boolean {
    if (process.platform === "win32") return this.#env.WT_SESSION !== undefined;
    const locale = this.#env.LC_ALL || this.#env.LC_CTYPE || this.#env.LANG || "";
    return this.#env.TERM !== "linux" && (locale === "" || /utf-?8/i.test(locale));
  }

  /**
   * Colour level (0 none … 3 true colour) of one stream: flag or setting, then NO_COLOR, then FORCE_COLOR and
   * CLICOLOR_FORCE, then what the stream is. NO_COLOR wins over FORCE_COLOR, as its convention asks.
   */
  colorLevel(stream: "stdout" | "stderr", mode: ColorMode): 0 | 1 | 2 | 3 {
    const env = this.#env;
    if (mode === "never") return 0;
    if (mode === "always") return 1;
    if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return 0;
    const forced = env.FORCE_COLOR ?? env.CLICOLOR_FORCE;
    if (forced !== undefined) {
      if (forced === "0" || forced === "false") return 0;
      return forced === "2" ? 2 : forced === "3" ? 3 : 1;
    }
    if (env.TERM === "dumb" || env.CLICOLOR === "0") return 0;
    if (this[stream].isTTY !== true) return 0;
    return env.COLORTERM === "truecolor" ? 3 : 1;
  }

  /** Writes a result; waits while the reader is slow. */
  async print(text: string): Promise<void> {
    if (!this.stdout.write(text)) await once(this.stdout, "drain");
  }

  /** Writes a message for people: progress, warning, hint. */
  note(text: string): void {
    this.stderr.write(text);
  }
}
