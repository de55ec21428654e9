import { PassThrough, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { WebSocket } from "ws";
import { z } from "zod";
import { toPlugctlError } from "../../../core/errors.ts";
import type { LogLine, Shell } from "../../../core/observation.ts";
import { send } from "../../http/web-socket.ts";

const sizeSchema = { columns: z.int().min(1).max(10_000), rows: z.int().min(1).max(10_000) };
const controlSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("resize"), ...sizeSchema }),
  z.object({ type: z.literal("end") }),
]);

/** First byte of a binary message of output without a terminal. */
export const STDOUT = 1;
export const STDERR = 2;

export interface TerminalRequest {
  name: string;
  command: readonly string[] | undefined;
  tty: boolean;
  size: { columns: number; rows: number } | undefined;
}

/**
 * Joins a WebSocket and a program in a plugin (docs/thinger-api.md): binary messages are what is typed and printed, text
 * messages are JSON that steers. Ends with the program, and the program's input with the WebSocket.
 */
export async function serveTerminal(
  socket: WebSocket,
  shell: Shell,
  request: TerminalRequest,
): Promise<void> {
  const stdin = new PassThrough();
  let resized: ((size: { columns: number; rows: number }) => void) | undefined;
  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) {
      if (!stdin.write(data)) {
        socket.pause();
        stdin.once("drain", () => socket.resume());
      }
      return;
    }
    const control = controlSchema.safeParse(parseJson(data));
    if (!control.success) socket.close(1007, "not a control message");
    else if (control.data.type === "end") stdin.end();
    else resized?.({ columns: control.data.columns, rows: control.data.rows });
  });
  socket.on("close", () => stdin.end());
  try {
    const code = await shell.shell({
      ...request,
      stdin,
      stdout: output(socket, request.tty ? undefined : STDOUT),
      stderr: output(socket, request.tty ? undefined : STDERR),
      onResize(listener) {
        resized = listener;
        return () => {
          resized = undefined;
        };
      },
    });
    await send(socket, JSON.stringify({ type: "exit", code }));
  } catch (error) {
    await sendFailure(socket, error);
  } finally {
    socket.close(1000);
  }
}

function output(socket: WebSocket, channel: number | undefined): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const message = channel === undefined ? chunk : Buffer.concat([Buffer.of(channel), chunk]);
      send(socket, message).then(() => done(), done);
    },
  });
}

/** Sends each line as a JSON message; ends with the log or the WebSocket. */
export async function serveLogs(socket: WebSocket, lines: AsyncIterable<LogLine>): Promise<void> {
  try {
    for await (const { stream, at, text } of lines) {
      await send(socket, JSON.stringify({ type: "line", stream, at, text }));
    }
  } catch (error) {
    await sendFailure(socket, error);
  } finally {
    socket.close(1000);
  }
}

async function sendFailure(socket: WebSocket, error: unknown): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  const { code, message } = toPlugctlError(error);
  const told = code === "INTERNAL" ? "the server failed" : message;
  await send(socket, JSON.stringify({ type: "error", code, message: told })).catch(() => undefined);
}

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    return undefined;
  }
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
  /** Output past the limit was left out. */
  truncated: boolean;
}

/** What a command may print in all, in bytes. */
const OUTPUT_BYTES = 1024 * 1024;

/** Runs a command without input and returns what it printed. */
export async function runCommand(
  shell: Shell,
  { name, command }: { name: string; command: readonly string[] },
): Promise<CommandResult> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const stdin = new PassThrough();
  stdin.end();
  const code = await shell.shell({ name, command, tty: false, stdin, stdout, stderr });
  return { code, stdout: stdout.text, stderr: stderr.text, truncated: stdout.truncated || stderr.truncated };
}

class Collected extends Writable {
  text = "";
  truncated = false;
  readonly #decoder = new StringDecoder("utf8");

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.truncated ||= this.text.length + chunk.length > OUTPUT_BYTES;
    this.text += this.#decoder.write(chunk.subarray(0, Math.max(0, OUTPUT_BYTES - this.text.length)));
    done();
  }
}

/** Log lines as the body of an HTTP answer: one JSON document a line, or text. */
export async function* logBody(lines: AsyncIterable<LogLine>, asJson: boolean): AsyncGenerator<string> {
  for await (const { stream, at, text } of lines) {
    yield asJson ? `${JSON.stringify({ stream, at, text })}\n` : `${text}\n`;
  }
}
