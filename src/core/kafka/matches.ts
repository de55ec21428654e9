/** So far back may a match lie, in both LZ4 and snappy. */
export const WINDOW = 65_536;
const SHORTEST = 4;
/** A block of LZ4 ends with literals: so near its end no match begins, and none comes nearer than the second. */
const LAST_START = 12;
const LAST_END = 5;
const HASH_BITS = 14;

/** By the hash of four bytes, where they were seen last. One table serves all, since no search waits for anything. */
const seen = new Int32Array(1 << HASH_BITS);

/**
 * Finds what comes again in a block of at most 64 KiB, in one pass and greedily. Calls back for each run of literals and the
 * match after it, with its distance and length; what is left at the end is literals without a match (distance 0).
 */
export function findMatches(
  block: Buffer,
  visit: (from: number, to: number, distance: number, length: number) => void,
): void {
  seen.fill(-1);
  let literals = 0;
  let misses = 0;
  for (let at = 0; at <= block.length - LAST_START; ) {
    const hash = Math.imul(wordAt(block, at), 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = seen[hash] as number;
    seen[hash] = at;
    if (candidate < 0 || wordAt(block, candidate) !== wordAt(block, at)) {
      // The longer nothing is found, the larger the steps: what cannot be compressed costs little.
      at += 1 + (misses++ >> 5);
      continue;
    }
    let end = at + SHORTEST;
    while (end < block.length - LAST_END && block[end] === block[end - at + candidate]) end++;
    visit(literals, at, at - candidate, end - at);
    at = literals = end;
    misses = 0;
  }
  visit(literals, block.length, 0, 0);
}

/**
 * Copies `length` bytes from `distance` before `to`, which may overlap: then they repeat.
 * @throws RangeError for a distance that reaches before the output, and for a match that reaches beyond it
 */
export function copyMatch(output: Buffer, to: number, distance: number, length: number): void {
  if (distance <= 0 || distance > to || to + length > output.length) {
    throw new RangeError("compressed data refers to bytes that are not there");
  }
  if (distance >= length && length > 16) output.copyWithin(to, to - distance, to - distance + length);
  else for (let at = to; at < to + length; at++) output[at] = output[at - distance] as number;
}

const wordAt = (bytes: Buffer, at: number) =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);
