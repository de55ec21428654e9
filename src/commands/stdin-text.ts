import { addAbortSignal } from "node:stream";
import { usageError } from "../core/errors.ts";
import type { Host } from "../host.ts";

const MAX_BYTES = 1024 * 1024;

/** All of stdin as text. @throws USAGE when stdin is a terminal, or more than a megabyte. */
export async function readStdin({ terminal, signal }: Host): Promise<string> {
  if (terminal.stdin.isTTY) throw usageError("stdin is a terminal, and a file was to be piped in");
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(signal, terminal.stdin)) {
    const piece = Buffer.from(chunk);
    size += piece.length;
    if (size > MAX_BYTES) throw usageError("stdin holds more than a megabyte");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
