import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { TopicConfig } from "../meta/topic-config.ts";
import { nextOffset, recordCount } from "../records/batch.ts";
import { type CompactionRules, compactBatch } from "../records/compact-batch.ts";
import { tryReadRecords } from "../records/records.ts";
import { readWhole, replaceFile, TEMPORARY, writeAll } from "./file-system.ts";
import { KeyOffsets } from "./key-offsets.ts";
import type { Producers } from "./producers.ts";
import { type BatchAt, scanBatches } from "./scan.ts";
import { indexSpacing, LARGEST_RELATIVE_OFFSET, Segment } from "./segment.ts";
import type { SegmentFiles, Segments } from "./segments.ts";
import { swapSegments } from "./swap.ts";

export interface CompactedLog {
  readonly segments: Segments;
  readonly producers: Producers;
  /** Runs a change of the log's files while nothing is appended. */
  exclusively<Result>(change: () => Promise<Result>): Promise<Result>;
  /** Batches that end at or before an offset may be others than they were. */
  onCompacted(offset: number): void;
}

export type CompactionSettings = Pick<
  TopicConfig,
  "deleteRetentionMs" | "indexIntervalBytes" | "minCleanableDirtyRatio" | "segmentBytes"
>;

export interface CompactionSurroundings extends SegmentFiles {
  readonly clock: Clock;
}

/** Holds the offset up to which a log is compacted. Without it the whole log counts as new, which costs time only. */
const COMPACTED = "compacted";
/** Bytes that are gathered before they are written. */
const CHUNK = 1 << 20;
/** Milliseconds of work between two turns of requests. */
const LONGEST_TURN = 5;

/**
 * Compacts the closed segments of a log, once enough of them is new. The keys of what is new are read first; then the segments
 * are written anew, oldest first and small ones together, each of which takes the place of the old ones at once. Appends and
 * reads go on meanwhile. A batch whose records cannot be read stays as it is.
 * @throws what the file system refuses, the signal's reason, and for a segment that is damaged, which is left alone
 */
export async function compactLog(
  log: CompactedLog,
  settings: CompactionSettings,
  around: CompactionSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { directory, all } = log.segments;
  const closed = all.slice(0, -1);
  if (closed.length === 0) return;
  const compactedTo = await readCompactedTo(directory, around);
  const dirty = closed.filter((segment) => segment.nextOffset > compactedTo);
  if (sizeOf(dirty) <= sizeOf(closed) * settings.minCleanableDirtyRatio) return;

  const { keys, end } = await readKeys(dirty, compactedTo, around, signal);
  const rules = {
    latest: (key: Buffer) => keys.get(key),
    now: around.clock.now(),
    deleteRetentionMs: settings.deleteRetentionMs,
  };
  for (const group of groupsOf(closed, end, settings)) {
    await replaceGroup(log, group, { rules, settings, around, end, signal });
  }
  const path = join(directory, COMPACTED);
  await replaceFile(around.fileSystem, path, Buffer.from(`${end}\n`), { durable: false });
}

const sizeOf = (segments: readonly Segment[]) => segments.reduce((sum, { size }) => sum + size, 0);

async function readCompactedTo(directory: string, { fileSystem }: SegmentFiles): Promise<number> {
  if (!(await fileSystem.list(directory)).includes(COMPACTED)) return 0;
  const offset = Number((await readWhole(fileSystem, join(directory, COMPACTED))).toString());
  return Number.isSafeInteger(offset) ? offset : 0;
}

/**
 * The batches of a closed segment, with time for requests between them; it ends early where the segment leaves the log
 * meanwhile.
 * @throws where it is damaged, and the signal's reason
 */
async function* batchesOf(
  segment: Segment,
  { files }: SegmentFiles,
  signal: AbortSignal,
): AsyncGenerator<BatchAt> {
  let release = () => {};
  try {
    const lease = await files.use(segment.path);
    release = lease.release;
    let turn = performance.now();
    for (let position = 0; position < segment.size; ) {
      const piece: BatchAt[] = [];
      const options = { from: position, to: segment.size, verify: true };
      const reached = await scanBatches(lease.file, options, (batch) => {
        if (piece.length > 0 && batch.bytes !== piece[0]?.bytes) return false;
        piece.push(batch);
        return true;
      });
      if (reached === position) throw new Error(`${segment.path} is damaged at byte ${position}`);
      position = reached;
      for (const batch of piece) {
        yield batch;
        if (performance.now() - turn < LONGEST_TURN) continue;
        await setImmediate();
        signal.throwIfAborted();
        turn = performance.now();
      }
    }
  } catch (error) {
    if (!segment.retired || signal.aborted) throw error;
  } finally {
    release();
  }
}

/** Reads where each key was seen last from the offset `from` on, as far as the keys fit the memory: up to `end`. */
async function readKeys(
  segments: readonly Segment[],
  from: number,
  around: SegmentFiles,
  signal: AbortSignal,
): Promise<{ keys: KeyOffsets; end: number }> {
  const [first, last] = [segments[0], segments.at(-1)] as [Segment, Segment];
  const keys = new KeyOffsets(last.nextOffset - Math.max(from, first.baseOffset));
  let end = from;
  for (const segment of segments) {
    for await (const { bytes, at } of batchesOf(segment, around, signal)) {
      if (nextOffset(bytes, at) <= from) continue;
      const fits = recordCount(bytes, at) <= keys.room;
      // The rest is for the next time.
      if (!fits && end > from) return { keys, end };
      // One that never fits stays as it is.
      const records = fits ? tryReadRecords(bytes, at) : undefined;
      for (const { key, offset } of records ?? []) if (key !== null) keys.set(key, offset);
      end = nextOffset(bytes, at);
    }
  }
  return { keys, end };
}

/** The segments that begin before `end`, in groups that one file can hold. */
function groupsOf(
  segments: readonly Segment[],
  end: number,
  { segmentBytes }: CompactionSettings,
): Segment[][] {
  const groups: Segment[][] = [];
  for (const segment of segments) {
    if (segment.baseOffset >= end) break;
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      sizeOf(group) + segment.size <= segmentBytes &&
      segment.nextOffset - (group[0] as Segment).baseOffset <= LARGEST_RELATIVE_OFFSET;
    if (fits) group.push(segment);
    else groups.push([segment]);
  }
  return groups;
}

interface Rewriting {
  readonly rules: CompactionRules;
  readonly settings: CompactionSettings;
  readonly around: CompactionSurroundings;
  /** Batches that end after it stay as they are. */
  readonly end: number;
  readonly signal: AbortSignal;
}

/** Writes what stays of some segments to one file, and puts that in their place. */
async function replaceGroup(
  log: CompactedLog,
  group: readonly Segment[],
  rewriting: Rewriting,
): Promise<void> {
  const { around } = rewriting;
  const [first, last] = [group[0], group.at(-1)] as [Segment, Segment];
  const written = new Segment(log.segments.directory, first.baseOffset);
  const temporary = written.path + TEMPORARY;
  written.path = temporary;
  try {
    const changed = await rewrite(group, written, log.producers, rewriting);
    written.firstAppend = first.firstAppend;
    written.lastAppend = last.lastAppend;
    if (group.length === 1 && !changed) return;
    await log.exclusively(() => swapSegments(log.segments, group, written, around));
    log.onCompacted(last.nextOffset);
  } finally {
    // It has another name by now, unless there was nothing to replace or something failed.
    await around.fileSystem.remove(temporary);
  }
}

/** @returns whether something else was written than there was */
async function rewrite(
  group: readonly Segment[],
  written: Segment,
  producers: Producers,
  { rules, settings, around, end, signal }: Rewriting,
): Promise<boolean> {
  const { fileSystem } = around;
  const spacing = indexSpacing(settings.indexIntervalBytes, settings.segmentBytes);
  await fileSystem.remove(written.path);
  const file = await fileSystem.open(written.path, { create: true });
  try {
    let changed = false;
    let position = 0;
    let gathered: Buffer[] = [];
    const write = async () => {
      await writeAll(file, gathered, position);
      position = written.size;
      gathered = [];
    };
    for (const segment of group) {
      for await (const { bytes, at, size } of batchesOf(segment, around, signal)) {
        const whole = bytes.subarray(at, at + size);
        const isNew = nextOffset(bytes, at) > end;
        const batch = isNew ? whole : compactBatch(bytes, at, rules, producers.isNewest(bytes, at));
        changed ||= batch?.equals(whole) !== true;
        if (batch === undefined) continue;
        gathered.push(batch);
        written.add(batch, 0, batch.length, spacing, rules.now);
        if (written.size - position >= CHUNK) await write();
      }
    }
    await write();
    await file.datasync();
    return changed;
  } finally {
    await file.close();
  }
}
