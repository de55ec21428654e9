import { copyMatch, findMatches, WINDOW } from "./matches.ts";

/**
 * What Java clients put before snappy data: this, two version numbers, then blocks with their lengths (xerial). Others send
 * one block as it is. Every client reads both.
 */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
/** No byte of input stands for more output: a copy of 64 bytes takes three. */
const HIGHEST_RATIO = 64 / 3;

const corrupt = () => new RangeError("the snappy data is corrupt");

/** Encodes one block, without a frame around it. */
export function encodeSnappy(input: Buffer): Buffer {
  // The bound of the format's authors.
  const output = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6));
  let at = 0;
  let length = input.length;
  for (; length >= 128; length >>>= 7) output[at++] = (length & 127) | 128;
  output[at++] = length;
  for (let start = 0; start < input.length; start += WINDOW) {
    const block = input.subarray(start, start + WINDOW);
    findMatches(block, (from, to, distance, match) => {
      if (to > from) {
        at = writeLiteralTag(output, at, to - from);
        at += block.copy(output, at, from, to);
      }
      // One copy takes 64 bytes at most.
      for (let left = match; left > 0; left -= 64) {
        output[at++] = ((Math.min(left, 64) - 1) << 2) | 2;
        at = output.writeUInt16LE(distance, at);
      }
    });
  }
  return output.subarray(0, at);
}

function writeLiteralTag(output: Buffer, at: number, length: number): number {
  const value = length - 1;
  if (value < 60) return output.writeUInt8(value << 2, at);
  if (value < 256) return output.writeUInt8(value, output.writeUInt8(60 << 2, at));
  return output.writeUInt16LE(value, output.writeUInt8(61 << 2, at));
}

/**
 * Decodes a block, or blocks in xerial's frame.
 * @throws RangeError for bytes that are no such thing, and for more than `limit` bytes of result
 */
export function decodeSnappy(input: Buffer, limit: number): Buffer {
  if (!input.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return decodeBlock(input, limit);
  const blocks: Buffer[] = [];
  let left = limit;
  for (let at = XERIAL_HEADER_BYTES; at < input.length; ) {
    const end = at + 4 + input.readUInt32BE(at);
    if (end > input.length) throw corrupt();
    const block = decodeBlock(input.subarray(at + 4, end), left);
    blocks.push(block);
    left -= block.length;
    at = end;
  }
  return Buffer.concat(blocks);
}

function decodeBlock(input: Buffer, limit: number): Buffer {
  let size = 0;
  let at = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = input.readUInt8(at++);
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  if (size > limit) throw new RangeError(`the snappy data has more than ${limit} bytes`);
  if (size > input.length * HIGHEST_RATIO) throw corrupt();
  const output = Buffer.allocUnsafe(size);
  let to = 0;
  while (at < input.length) {
    const tag = input.readUInt8(at++);
    if ((tag & 3) === 0) {
      const extra = Math.max((tag >> 2) - 59, 0);
      const length = 1 + (extra === 0 ? tag >> 2 : input.readUIntLE(at, extra));
      at += extra;
      if (at + length > input.length || to + length > size) throw corrupt();
      to += input.copy(output, to, at, at + length);
      at += length;
      continue;
    }
    const short = (tag & 3) === 1;
    const length = short ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const bytes = DISTANCE_BYTES[tag & 3] as number;
    const distance = input.readUIntLE(at, bytes) + (short ? (tag >> 5) * 256 : 0);
    at += bytes;
    copyMatch(output, to, distance, length);
    to += length;
  }
  if (to !== size) throw corrupt();
  return output;
}

/** Bytes of a copy's distance after its tag, by the two lowest bits of that. */
const DISTANCE_BYTES = [0, 1, 2, 4];
