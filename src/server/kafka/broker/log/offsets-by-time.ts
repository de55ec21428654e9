import { baseOffset, maxTimestamp, nextOffset } from "../records/batch.ts";
import { readRecords } from "../records/records.ts";
import type { OffsetAtTime } from "../topics.ts";
import { type BatchAt, scanBatches } from "./scan.ts";
import type { Segment } from "./segment.ts";
import type { SegmentIndex } from "./segment-index.ts";
import type { SegmentFiles, Segments } from "./segments.ts";

/** Records before `logStart` were removed, though they may still stand in the first segment. */
interface SearchedLog {
  readonly segments: Segments;
  readonly logStart: number;
}

/** The first record at or after a time. */
export async function offsetForTime(
  { segments, logStart }: SearchedLog,
  time: number,
  around: SegmentFiles,
): Promise<OffsetAtTime | undefined> {
  for (const segment of segments.all) {
    if (segment.maxTimestamp < time || segment.nextOffset <= logStart) continue;
    let found: OffsetAtTime | undefined;
    const from = (index: SegmentIndex) => index.positionOfTime(time);
    await visitBatches(segment, from, around, ({ bytes, at }) => {
      if (maxTimestamp(bytes, at) < time || nextOffset(bytes, at) <= logStart) return true;
      found = recordsFrom(bytes, at, logStart).find(({ timestamp }) => timestamp >= time);
      return found === undefined;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first of the records with the newest timestamp. */
export async function newestOffset(
  log: SearchedLog,
  around: SegmentFiles,
): Promise<OffsetAtTime | undefined> {
  let newest = -1;
  for (const segment of log.segments.all) {
    if (segment.maxTimestamp > newest && segment.nextOffset > log.logStart) {
      newest = Math.max(newest, await newestOf(segment, log.logStart, around));
    }
  }
  return newest < 0 ? undefined : offsetForTime(log, newest, around);
}

/** The newest timestamp of a segment's records from `logStart` on. */
async function newestOf(segment: Segment, logStart: number, around: SegmentFiles): Promise<number> {
  if (segment.baseOffset >= logStart) return segment.maxTimestamp;
  let newest = -1;
  const from = (index: SegmentIndex) => index.positionOf(logStart - segment.baseOffset);
  await visitBatches(segment, from, around, ({ bytes, at }) => {
    if (nextOffset(bytes, at) <= logStart) return true;
    if (baseOffset(bytes, at) >= logStart) newest = Math.max(newest, maxTimestamp(bytes, at));
    else for (const { timestamp } of recordsFrom(bytes, at, logStart)) newest = Math.max(newest, timestamp);
    return true;
  });
  return newest;
}

async function visitBatches(
  segment: Segment,
  from: (index: SegmentIndex) => number,
  { files, indexes }: SegmentFiles,
  visit: (batch: BatchAt) => boolean,
): Promise<void> {
  const position = from(await indexes.get(segment));
  const { file, release } = await files.use(segment.path);
  try {
    await scanBatches(file, { from: position, to: segment.size, verify: false }, visit);
  } finally {
    release();
  }
}

function recordsFrom(bytes: Buffer, at: number, logStart: number): OffsetAtTime[] {
  try {
    const all = [...readRecords(bytes, at)].map(({ offset, timestamp }) => ({ offset, timestamp }));
    return all.filter(({ offset }) => offset >= logStart);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // A producer may have sent anything as records; the batch as a whole has a time all the same.
    return [{ offset: Math.max(baseOffset(bytes, at), logStart), timestamp: maxTimestamp(bytes, at) }];
  }
}
