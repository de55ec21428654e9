import { copyMatch, findMatches, WINDOW } from "./matches.ts";

const FRAME_MAGIC = 0x184d2204;
/** Marks a block that is not compressed. */
const STORED = 0x80000000;
/** The frame that Kafka's own clients write: version 1, independent blocks of 64 KiB, no checksums but the header's. */
const FRAME_START = Buffer.from("04224d18604082", "hex");
const BLOCK_BYTES = WINDOW;

/** Bytes that are no LZ4 frame. */
const corrupt = () => new RangeError("the LZ4 data is corrupt");

/** Encodes one LZ4 frame. */
export function encodeLz4(input: Buffer): Buffer {
  const parts: Buffer[] = [FRAME_START];
  for (let at = 0; at < input.length; at += BLOCK_BYTES) {
    const block = input.subarray(at, at + BLOCK_BYTES);
    const encoded = encodeBlock(block);
    const stored = encoded.length >= block.length;
    parts.push(word(stored ? block.length + STORED : encoded.length), stored ? block : encoded);
  }
  return Buffer.concat([...parts, word(0)]);
}

function word(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function encodeBlock(block: Buffer): Buffer {
  const output = Buffer.allocUnsafe(block.length + Math.ceil(block.length / 255) + 16);
  let at = 0;
  /** A length that does not fit four bits goes on in bytes, up to the first that is not 255. */
  const writeRest = (length: number) => {
    if (length < 15) return;
    let left = length - 15;
    for (; left >= 255; left -= 255) output[at++] = 255;
    output[at++] = left;
  };
  findMatches(block, (from, to, distance, length) => {
    const literals = to - from;
    const match = distance === 0 ? 0 : length - 4;
    output[at++] = (Math.min(literals, 15) << 4) | Math.min(match, 15);
    writeRest(literals);
    at += block.copy(output, at, from, to);
    if (distance === 0) return;
    at = output.writeUInt16LE(distance, at);
    writeRest(match);
  });
  return output.subarray(0, at);
}

/**
 * Decodes one LZ4 frame, with linked or independent blocks. Its checksums are not looked at: the record batch has its own.
 * @throws RangeError for bytes that are no frame, and for more than `limit` bytes of result.
 */
export function decodeLz4(frame: Buffer, limit: number): Buffer {
  if (frame.readUInt32LE(0) !== FRAME_MAGIC) throw corrupt();
  const flags = frame.readUInt8(4);
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0;
  let at = 7 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0);
  let output = Buffer.allocUnsafe(Math.min(limit, 65_536));
  let length = 0;
  for (;;) {
    const word = frame.readUInt32LE(at);
    at += 4;
    if (word === 0) return output.subarray(0, length);
    const size = word & ~STORED;
    const block = frame.subarray(at, at + size);
    if (block.length < size) throw corrupt();
    const grown = length + (word >= STORED ? size : decodedSize(block));
    if (grown > limit) throw new RangeError(`the LZ4 data has more than ${limit} bytes`);
    if (grown > output.length) {
      const larger = Buffer.allocUnsafe(Math.min(limit, grown * 2));
      output.copy(larger, 0, 0, length);
      output = larger;
    }
    if (word >= STORED) block.copy(output, length);
    else decodeBlock(block, output, length);
    length = grown;
    at += size + blockChecksum;
  }
}

/** A length of 15 goes on in the bytes that follow, up to the first that is not 255. */
function readLength(block: Buffer, at: number, nibble: number): { length: number; at: number } {
  let length = nibble;
  if (nibble === 15) {
    for (let byte = 255; byte === 255; ) {
      byte = block.readUInt8(at++);
      length += byte;
    }
  }
  return { length, at };
}

/** Calls back for each run of literals and the match after it; the last has none (distance 0). */
function walk(
  block: Buffer,
  visit: (from: number, literals: number, distance: number, match: number) => void,
): void {
  let at = 0;
  while (at < block.length) {
    const token = block.readUInt8(at);
    const literals = readLength(block, at + 1, token >> 4);
    at = literals.at + literals.length;
    if (at > block.length) throw corrupt();
    if (at === block.length) {
      visit(literals.at, literals.length, 0, 0);
      return;
    }
    const distance = block.readUInt16LE(at);
    const match = readLength(block, at + 2, token & 15);
    if (distance === 0) throw corrupt();
    at = match.at;
    visit(literals.at, literals.length, distance, match.length + 4);
  }
}

function decodedSize(block: Buffer): number {
  let size = 0;
  walk(block, (_from, literals, _distance, match) => {
    size += literals + match;
  });
  return size;
}

function decodeBlock(block: Buffer, output: Buffer, start: number): void {
  let to = start;
  walk(block, (from, literals, distance, match) => {
    to += block.copy(output, to, from, from + literals);
    if (match > 0) copyMatch(output, to, distance, match);
    to += match;
  });
}
