import { baseOffset, maxTimestamp, nextOffset } from "../records/batch.ts";
import type { OffsetAtTime } from "../topics.ts";
import { scanBatches } from "./scan.ts";
import type { Segment } from "./segment.ts";
import type { SegmentFiles, Segments } from "./segments.ts";

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
    const found = await searchSegment(segment, time, logStart, around);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first of the records with the newest timestamp. */
export async function newestOffset(
  log: SearchedLog,
  around: SegmentFiles,
): Promise<OffsetAtTime | undefined> {
  const newest = Math.max(...log.segments.all.map((segment) => segment.maxTimestamp));
  return newest < 0 ? undefined : offsetForTime(log, newest, around);
}

async function searchSegment(
  segment: Segment,
  time: number,
  logStart: number,
  { files, indexes }: SegmentFiles,
): Promise<OffsetAtTime | undefined> {
  const index = await indexes.get(segment);
  const { file, release } = await files.use(segment.path);
  let found: OffsetAtTime | undefined;
  try {
    const from = index.positionOfTime(time);
    await scanBatches(file, { from, to: segment.size, verify: false }, ({ bytes, at }) => {
      if (maxTimestamp(bytes, at) < time || nextOffset(bytes, at) <= logStart) return true;
      found = { offset: Math.max(baseOffset(bytes, at), logStart), timestamp: maxTimestamp(bytes, at) };
      return false;
    });
  } finally {
    release();
  }
  return found;
}
