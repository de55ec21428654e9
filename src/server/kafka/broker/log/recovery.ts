import { join } from "node:path";
import type { BrokerLog } from "../log-lines.ts";
import { baseOffset, leaderEpoch } from "../records/batch.ts";
import { Epochs } from "./epochs.ts";
import { type FileSystem, replaceFile, TEMPORARY } from "./file-system.ts";
import { readState, STATE_FILE, writeState } from "./partition-state.ts";
import { loadProducers } from "./producer-snapshots.ts";
import type { Producers } from "./producers.ts";
import { readSegment } from "./read-segment.ts";
import { scanBatches } from "./scan.ts";
import { DELETED, INDEX, indexSpacing, LOG, Segment } from "./segment.ts";
import { decodeFacts, INDEX_HEADER_BYTES, SegmentIndex } from "./segment-index.ts";
import { createSegment } from "./segments.ts";
import { finishSwaps } from "./swap.ts";

/** Bytes between entries of an index that is made anew; the topic's settings are not known yet. */
const SPACING = 4096;

export interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  /** Whether the last who wrote here closed the log in order. */
  readonly clean: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly log: BrokerLog;
}

/** A log as it was found, ready to be used. */
export interface FoundLog {
  readonly directory: string;
  /** One at least. */
  readonly segments: readonly Segment[];
  readonly logStart: number;
  readonly epochs: Epochs;
  readonly producers: Producers;
  /** False where what was found may still be in the memory of the system only. */
  readonly synced: boolean;
}

/**
 * Reads what a folder holds of a log. After a disorderly end the last segment is read in full, and cut where the first batch is
 * not whole and correct; other segments are, whose index is missing or damaged, which is written last. What follows a closed
 * segment that was cut stays: it was on the disk before the next was begun, so the damage is the disk's.
 */
export async function recoverLog(directory: string, options: RecoveryOptions): Promise<FoundLog> {
  const { fileSystem, log } = options;
  await finishSwaps(directory, fileSystem);
  const names = await removeLeftovers(directory, await fileSystem.list(directory), fileSystem);
  const stored = names.includes(STATE_FILE) ? await readState(fileSystem, directory) : NEW;
  if (stored === undefined)
    log.error({ directory }, "the state of a partition is damaged; its log is read anew");
  const state = stored ?? NEW;
  const epochs = new Epochs(state.epochs);
  let segments = await readSegments(directory, names, { ...options, trust: stored !== undefined, epochs });

  const end = segments.at(-1)?.nextOffset ?? 0;
  const last = segments.at(-1);
  if (last === undefined || state.logStart > end) {
    for (const segment of segments) await removeSegment(segment, fileSystem);
    segments = [await createSegment(fileSystem, directory, state.logStart)];
  } else {
    for (const segment of segments) {
      if (segment === last || segment.nextOffset > state.logStart) break;
      await removeSegment(segment, fileSystem);
    }
    segments = segments.filter((segment) => segment === last || segment.nextOffset > state.logStart);
  }
  const logEnd = (segments.at(-1) as Segment).nextOffset;
  const logStart = Math.max(state.logStart, (segments[0] as Segment).baseOffset);
  epochs.cutFrom(logEnd);
  epochs.cutBefore(logStart);
  if (stored === undefined) await writeState(fileSystem, directory, { logStart, epochs: epochs.starts });
  const producers = await loadProducers(directory, names, segments, options);
  return { directory, segments, logStart, epochs, producers, synced: options.clean };
}

const NEW = { logStart: 0, epochs: [] };

/** Removes what was left half done. @returns the names of the rest */
async function removeLeftovers(
  directory: string,
  names: readonly string[],
  fileSystem: FileSystem,
): Promise<string[]> {
  const kept: string[] = [];
  for (const name of names) {
    const isIndexOfNothing = name.endsWith(INDEX) && !names.includes(name.slice(0, -INDEX.length) + LOG);
    if ([DELETED, TEMPORARY].some((ending) => name.endsWith(ending)) || isIndexOfNothing) {
      await fileSystem.remove(join(directory, name));
    } else kept.push(name);
  }
  return kept;
}

async function removeSegment({ path, indexPath }: Segment, fileSystem: FileSystem): Promise<void> {
  await fileSystem.remove(indexPath);
  await fileSystem.remove(path);
}

interface ReadOptions extends RecoveryOptions {
  /** Whether the indexes may be believed. */
  readonly trust: boolean;
  readonly epochs: Epochs;
}

async function readSegments(
  directory: string,
  names: readonly string[],
  options: ReadOptions,
): Promise<Segment[]> {
  const bases = names
    .filter((name) => /^\d{20}\.log$/.test(name))
    .map((name) => Number(name.slice(0, -LOG.length)))
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const [index, base] of bases.entries()) {
    const isLast = index === bases.length - 1;
    const segment = await findSegment(new Segment(directory, base), isLast, options);
    if (segment.size === 0 && !isLast) await removeSegment(segment, options.fileSystem);
    else segments.push(segment);
  }
  return segments;
}

async function findSegment(segment: Segment, isLast: boolean, options: ReadOptions): Promise<Segment> {
  const { fileSystem, trust, clean } = options;
  const size = await fileSystem.size(segment.path);
  if (size === 0) return segment;
  if (trust && !isLast && (await readFacts(segment, size, fileSystem))) return segment;
  if (trust && isLast && clean && (await readIndex(segment, size, fileSystem))) return segment;
  await readAnew(segment, size, options);
  if (!isLast) {
    const index = (segment.index as SegmentIndex).encode(segment.facts);
    // Without room for it, it is made again when somebody needs it.
    await replaceFile(fileSystem, segment.indexPath, index, { durable: false }).catch(() => {});
    segment.index = undefined;
  }
  return segment;
}

/** Takes from its index what is known of a closed segment. @returns whether it could be */
async function readFacts(segment: Segment, size: number, fileSystem: FileSystem): Promise<boolean> {
  const header = Buffer.alloc(INDEX_HEADER_BYTES);
  try {
    const { read, close } = await fileSystem.open(segment.indexPath);
    await read(header, 0).finally(close);
  } catch {
    return false;
  }
  const facts = decodeFacts(header, size);
  if (facts === undefined) return false;
  segment.setFacts(facts);
  segment.index = undefined;
  return true;
}

/** Takes in the index of the last segment, and looks at the batches after the last that it tells of. */
async function readIndex(segment: Segment, size: number, fileSystem: FileSystem): Promise<boolean> {
  const bytes = await fileSystem.readSmall(segment.indexPath).catch(() => Buffer.alloc(0));
  const decoded = SegmentIndex.decode(bytes, size);
  if (decoded === undefined) return false;
  const file = await fileSystem.open(segment.path);
  try {
    const from = decoded.index.lastPosition;
    if ((await scanBatches(file, { from, to: size, verify: true }, () => true)) !== size) return false;
  } finally {
    await file.close();
  }
  segment.index = decoded.index;
  segment.setFacts(decoded.facts);
  return true;
}

async function readAnew(segment: Segment, size: number, options: ReadOptions): Promise<void> {
  const { fileSystem, epochs, now, log } = options;
  const file = await fileSystem.open(segment.path);
  try {
    const spacing = indexSpacing(SPACING, size);
    await readSegment(file, segment, {
      size,
      spacing,
      now,
      onBatch: ({ bytes, at }) => {
        epochs.add(leaderEpoch(bytes, at), baseOffset(bytes, at));
      },
    });
    if (segment.size < size) {
      const about = { file: segment.path, bytes: size - segment.size, nextOffset: segment.nextOffset };
      log.warn(about, "cut a log where its last whole batch ends");
      await file.truncate(segment.size);
    }
  } finally {
    await file.close();
  }
}
