import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { type InputStream, type OutputStream, Terminal } from "../../src/output/terminal.ts";
import { run } from "../../src/run.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface CliOptions {
  stdin?: string | AsyncIterable<string>;
  /** Beside what the helper sets; undefined takes a variable away. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Looks like a terminal that a person sits at. */
  tty?: boolean;
  signal?: AbortSignal;
  now?: () => Date;
  /** Called when the terminal is switched to or from raw mode. */
  onRawMode?: (raw: boolean) => void;
  /** Called with each piece of stdout, for commands that only end when they are told to. */
  onStdout?: (text: string) => void;
}

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
  /** The same as `stdout`, for what is not text. */
  bytes: Buffer;
}

/** Runs a command line in this process: words, or a line that is split at its spaces. */
export type Cli = (words: string | readonly string[], options?: CliOptions) => Promise<CliResult>;

/**
 * The command line over plain streams with configuration, cache and data of its own in `folder`, which is a
 * temporary one that goes away with the test by default (outside of a test it has to be given).
 */
export async function makeCli(folder?: string): Promise<Cli> {
  const home = folder ?? (await makeTempDir());
  return async (words, options = {}) => {
    const env: NodeJS.ProcessEnv = {
      HOME: home,
      PATH: process.env.PATH,
      PLUGCTL_CONFIG_DIR: join(home, "config"),
      XDG_CACHE_HOME: join(home, "cache"),
      XDG_DATA_HOME: join(home, "data"),
      ...options.env,
    };
    const [stdout, stderr] = [collect(options.tty, options.onStdout), collect(options.tty)];
    const stdin = Object.assign(
      Readable.from(typeof options.stdin === "string" ? [options.stdin] : (options.stdin ?? [])),
      {
        isTTY: options.tty === true,
        setRawMode: options.onRawMode,
      },
    );
    const code = await run(typeof words === "string" ? words.split(" ") : words, {
      terminal: new Terminal(
        { stdin: stdin as InputStream, stdout: stdout.stream, stderr: stderr.stream },
        env,
      ),
      env,
      cwd: options.cwd ?? home,
      signal: options.signal ?? new AbortController().signal,
      now: options.now ?? (() => new Date()),
    });
    const bytes = stdout.bytes();
    return { code, stdout: bytes.toString("utf8"), stderr: stderr.bytes().toString("utf8"), bytes };
  };
}

function collect(tty = false, onText?: (text: string) => void) {
  const pieces: Buffer[] = [];
  const stream = new PassThrough();
  stream.on("data", (piece: Buffer) => {
    pieces.push(piece);
    onText?.(piece.toString("utf8"));
  });
  return {
    stream: Object.assign(stream, { isTTY: tty, columns: 80 }) as unknown as OutputStream,
    bytes: () => Buffer.concat(pieces),
  };
}
