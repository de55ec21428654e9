import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { batchSize, HEADER_SIZE, MAGIC, magic, nextOffset } from "../records/batch.ts";
import type { OpenFile } from "./file-system.ts";
import { scanBatches } from "./scan.ts";
import type { Segment } from "./segment.ts";
import type { SegmentFiles } from "./segments.ts";

export interface ReadLimits {
  /** Of what is returned. */
  maxBytes: number;
  /** The first batch comes even if it is larger. */
  atLeastOne: boolean;
}

/** Bytes that are read beyond the limit, since the first batch is looked for from the place that the index knows. */
const MARGIN = 8192;

/**
 * Whole batches of a segment from the one that holds `offset` on, as one piece: with one read of the file unless the first
 * batch is larger than the limit.
 * @returns undefined where the segment has none from there on
 */
export async function readSegmentFrom(
  segment: Segment,
  offset: number,
  limits: ReadLimits,
  { files, indexes }: SegmentFiles,
): Promise<Buffer | undefined> {
  const index = await indexes.get(segment);
  const end = segment.size;
  const from = index.positionOf(offset - segment.baseOffset);
  if (from >= end) return undefined;
  const { file, release } = await files.use(segment.path);
  try {
    const wanted = Math.min(end - from, limits.maxBytes + MARGIN);
    const bytes = await readExactly(file, from, wanted);
    const start = firstWith(bytes, offset, segment);
    if (start !== undefined) return takeWhole(file, bytes, start, { ...limits, from, end });
    // The batch is further from the place in the index than was read.
    const position = await scanBatches(file, { from, to: end, verify: false }, ({ bytes: chunk, at }) => {
      return nextOffset(chunk, at) <= offset;
    });
    if (position >= end) return undefined;
    const rest = await readExactly(file, position, Math.min(end - position, limits.maxBytes + MARGIN));
    return takeWhole(file, rest, 0, { ...limits, from: position, end });
  } finally {
    release();
  }
}

/** Where the first batch begins that ends after `offset`; undefined where it is not in what was read. */
function firstWith(bytes: Buffer, offset: number, segment: Segment): number | undefined {
  let at = 0;
  while (bytes.length - at >= HEADER_SIZE) {
    if (nextOffset(bytes, at) > offset) return at;
    at += sizeAt(bytes, at, segment.path);
  }
  return undefined;
}

/** Trims what was read to whole batches from `start` on. */
async function takeWhole(
  file: OpenFile,
  bytes: Buffer,
  start: number,
  { maxBytes, atLeastOne, from, end }: ReadLimits & { from: number; end: number },
): Promise<Buffer> {
  const limit = Math.min(bytes.length, start + maxBytes);
  let at = start;
  while (limit - at >= HEADER_SIZE) {
    const size = sizeAt(bytes, at, "the log");
    if (at + size > limit) break;
    at += size;
  }
  if (at > start || !atLeastOne) return bytes.subarray(start, at);
  const size = sizeAt(bytes, start, "the log");
  if (start + size <= bytes.length) return bytes.subarray(start, start + size);
  if (from + start + size > end) throw damaged("the log");
  return readExactly(file, from + start, size);
}

function sizeAt(bytes: Buffer, at: number, where: string): number {
  const size = batchSize(bytes, at);
  if (size < HEADER_SIZE || magic(bytes, at) !== MAGIC) throw damaged(where);
  return size;
}

async function readExactly(file: OpenFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const count = await file.read(bytes, position);
  if (count < length) throw damaged("the log");
  return bytes;
}

const damaged = (where: string) =>
  new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, `${where} does not hold what it should`);
