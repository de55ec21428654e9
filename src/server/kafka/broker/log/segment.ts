import { join } from "node:path";
import { baseOffset, maxTimestamp, nextOffset } from "../records/batch.ts";
import { type SegmentFacts, SegmentIndex } from "./segment-index.ts";

/** Entries of one index, about: in larger segments they lie further apart. */
const MOST_ENTRIES = 16_384;

export const LOG = ".log";
export const INDEX = ".index";
/** What the name of a segment ends with that is no longer part of the log. */
export const DELETED = ".deleted";

/** The largest distance of an offset from the start of its segment. */
export const LARGEST_RELATIVE_OFFSET = 2 ** 31 - 1;

export const fileName = (offset: number, ending: string) => `${String(offset).padStart(20, "0")}${ending}`;

/** One file of a log, and what is known of it. Only the last segment of a log changes. */
export class Segment {
  readonly baseOffset: number;
  path: string;
  readonly indexPath: string;
  /** Bytes that hold whole batches. */
  size = 0;
  nextOffset: number;
  maxTimestamp = -1;
  /** When the first and the last batch were appended, in milliseconds; 0 before. */
  firstAppend = 0;
  lastAppend = 0;
  /** Of the last segment always in memory; of others read when it is needed. */
  index: SegmentIndex | undefined = new SegmentIndex();
  /** True when it has left the log, or was replaced: what is read of it may be something else. */
  retired = false;

  constructor(directory: string, baseOffset: number) {
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
    this.path = join(directory, fileName(baseOffset, LOG));
    this.indexPath = join(directory, fileName(baseOffset, INDEX));
  }

  get facts(): SegmentFacts {
    const { size, nextOffset, maxTimestamp, firstAppend, lastAppend } = this;
    return { size, nextOffset, maxTimestamp, firstAppend, lastAppend };
  }

  setFacts(facts: SegmentFacts): void {
    Object.assign(this, facts);
  }

  /** Takes in that a batch, which begins at byte `at` of `bytes`, stands at the end of the file. */
  add(bytes: Buffer, at: number, size: number, spacing: number, now: number): void {
    if (this.index !== undefined && (this.size === 0 || this.size - this.index.lastPosition >= spacing)) {
      this.index.add(baseOffset(bytes, at) - this.baseOffset, this.size, this.maxTimestamp);
    }
    this.size += size;
    this.nextOffset = nextOffset(bytes, at);
    this.maxTimestamp = Math.max(this.maxTimestamp, maxTimestamp(bytes, at));
    if (this.firstAppend === 0) this.firstAppend = now;
    this.lastAppend = now;
  }
}

/** Bytes between two entries of an index. */
export const indexSpacing = (indexIntervalBytes: number, segmentBytes: number): number =>
  Math.max(indexIntervalBytes, segmentBytes / MOST_ENTRIES);
