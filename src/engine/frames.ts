import { PlugctlError } from "../core/errors.ts";

/** A piece of output of a container without a terminal. */
export interface Frame {
  stream: "stdout" | "stderr";
  data: Buffer;
}

const HEADER_BYTES = 8;
/** Log lines are at most 16 kB each and a pipe's reads 64 kB; more than this is no frame. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Takes a multiplexed stream apart: 8 bytes of header (stream number, three zeros, length as big endian) before each
 * piece. @throws BACKEND for a header that no engine writes, and for an end within a frame.
 */
export async function* readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let pending = Buffer.alloc(0);
  for await (const chunk of body) {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    let offset = 0;
    while (pending.length - offset >= HEADER_BYTES) {
      const kind = pending[offset] ?? 0;
      const size = pending.readUInt32BE(offset + 4);
      if (kind > 2 || pending.readUIntBE(offset + 1, 3) !== 0 || size > LIMIT_BYTES) throw notAFrame();
      const end = offset + HEADER_BYTES + size;
      if (end > pending.length) break;
      yield {
        stream: kind === 2 ? "stderr" : "stdout",
        data: pending.subarray(offset + HEADER_BYTES, end),
      };
      offset = end;
    }
    pending = pending.subarray(offset);
  }
  if (pending.length > 0) {
    throw new PlugctlError("UNAVAILABLE", "the engine ended its answer in the middle of a line");
  }
}

const notAFrame = () => new PlugctlError("BACKEND", "the engine's answer is not a stream of output");
