import { batchSize, HEADER_SIZE, hasValidCrc, MAGIC, magic } from "../records/batch.ts";
import type { OpenFile } from "./file-system.ts";

const CHUNK = 1024 * 1024;

/** A batch in a piece of the log: it begins at byte `at` of `bytes`, and at byte `position` of the file. */
export interface BatchAt {
  readonly bytes: Buffer;
  readonly at: number;
  readonly size: number;
  readonly position: number;
}

export interface ScanOptions {
  /** Where a batch begins. */
  from: number;
  /** Bytes of the file that count. */
  to: number;
  /** Whether checksums are looked at. */
  verify: boolean;
}

/**
 * Goes from batch to batch as long as `visit` does not return false.
 * @returns where the batch begins at which it stopped: the end, a batch that is damaged or cut, or the one that `visit` refused
 */
export async function scanBatches(
  file: OpenFile,
  { from, to, verify }: ScanOptions,
  visit: (batch: BatchAt) => boolean | undefined,
): Promise<number> {
  let position = from;
  let wanted = CHUNK;
  while (position < to) {
    const chunk = Buffer.allocUnsafe(Math.min(wanted, to - position));
    const bytes = chunk.subarray(0, await file.read(chunk, position));
    wanted = CHUNK;
    let at = 0;
    while (bytes.length - at >= HEADER_SIZE) {
      const size = batchSize(bytes, at);
      if (size < HEADER_SIZE || position + at + size > to || magic(bytes, at) !== MAGIC) return position + at;
      if (at + size > bytes.length) {
        wanted = Math.max(CHUNK, size);
        break;
      }
      if (verify && !hasValidCrc(bytes, at)) return position + at;
      if (visit({ bytes, at, size, position: position + at }) === false) return position + at;
      at += size;
    }
    if (at === 0 && (bytes.length < HEADER_SIZE || wanted === CHUNK)) return position;
    position += at;
  }
  return position;
}
