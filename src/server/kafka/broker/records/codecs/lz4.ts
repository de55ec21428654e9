const FRAME_MAGIC = 0x184d2204;
const STORED = 0x80000000;

/** Bytes that are no LZ4 frame. */
const corrupt = () => new RangeError("the LZ4 data is corrupt");

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

/** Calls back for each run of literals and the match after it; the last has none (offset 0). */
function walk(block: Buffer, visit: (from: number, literals: number, offset: number, match: number) => void) {
  let at = 0;
  while (at < block.length) {
    const token = block.readUInt8(at);
    const literals = readLength(block, at + 1, token >> 4);
    at = literals.at + literals.length;
    if (at > block.length) throw corrupt();
    if (at === block.length) return visit(literals.at, literals.length, 0, 0);
    const offset = block.readUInt16LE(at);
    const match = readLength(block, at + 2, token & 15);
    if (offset === 0) throw corrupt();
    at = match.at;
    visit(literals.at, literals.length, offset, match.length + 4);
  }
}

function decodedSize(block: Buffer): number {
  let size = 0;
  walk(block, (_from, literals, _offset, match) => {
    size += literals + match;
  });
  return size;
}

function decodeBlock(block: Buffer, output: Buffer, start: number): void {
  let to = start;
  walk(block, (from, literals, offset, match) => {
    block.copy(output, to, from, from + literals);
    to += literals;
    if (offset > to) throw corrupt();
    for (let left = match; left > 0; left--, to++) output[to] = output[to - offset] as number;
  });
}
