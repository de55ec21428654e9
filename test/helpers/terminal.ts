import { PassThrough, Readable } from "node:stream";
import { type InputStream, type OutputStream, Terminal } from "../../src/output/terminal.ts";

/** A terminal over plain streams; `tty` makes it look like one that a person sits at. */
export function plainTerminal(
  options: { tty?: boolean; stdin?: string; env?: NodeJS.ProcessEnv; columns?: number } = {},
) {
  const output = () =>
    Object.assign(new PassThrough(), { isTTY: options.tty === true, columns: options.columns ?? 80 });
  const [stdout, stderr] = [output(), output()];
  const stdin = Object.assign(Readable.from(options.stdin === undefined ? [] : [options.stdin]), {
    isTTY: options.tty === true,
  });
  const read = (stream: PassThrough) => {
    const chunk = stream.read() as Buffer | null;
    return chunk === null ? "" : chunk.toString("utf8");
  };
  return {
    terminal: new Terminal(
      {
        stdin: stdin as InputStream,
        stdout: stdout as unknown as OutputStream,
        stderr: stderr as unknown as OutputStream,
      },
      options.env ?? {},
    ),
    /** What was written since the last look. */
    stdout: () => read(stdout),
    stderr: () => read(stderr),
  };
}
