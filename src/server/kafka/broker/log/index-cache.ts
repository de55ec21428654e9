import { dirname } from "node:path";
import { type FileSystem, readWhole } from "./file-system.ts";
import type { OpenFiles } from "./open-files.ts";
import { readSegment } from "./read-segment.ts";
import { indexSpacing, Segment } from "./segment.ts";
import { SegmentIndex } from "./segment-index.ts";

/** Bytes between entries where an index is made anew without the topic's settings at hand. */
const SPACING = 4096;

/** The indexes of closed segments; those used last are kept in memory. */
export class IndexCache {
  readonly #fileSystem: FileSystem;
  readonly #files: OpenFiles;
  readonly #limit: number;
  readonly #indexes = new Map<Segment, Promise<SegmentIndex>>();

  /** @param limit indexes that are kept; each takes some 300 KB at the most */
  constructor(fileSystem: FileSystem, files: OpenFiles, limit: number) {
    this.#fileSystem = fileSystem;
    this.#files = files;
    this.#limit = limit;
  }

  get(segment: Segment): Promise<SegmentIndex> {
    if (segment.index !== undefined) return Promise.resolve(segment.index);
    const index = this.#indexes.get(segment) ?? this.#load(segment);
    this.#indexes.delete(segment);
    this.#indexes.set(segment, index);
    for (const leastUsed of this.#indexes.keys()) {
      if (this.#indexes.size <= this.#limit) break;
      this.#indexes.delete(leastUsed);
    }
    return index;
  }

  forget(segment: Segment): void {
    this.#indexes.delete(segment);
  }

  #load(segment: Segment): Promise<SegmentIndex> {
    const index = this.#read(segment);
    index.catch(() => this.#indexes.delete(segment));
    return index;
  }

  async #read(segment: Segment): Promise<SegmentIndex> {
    const bytes = await readWhole(this.#fileSystem, segment.indexPath).catch(() => Buffer.alloc(0));
    return SegmentIndex.decode(bytes, segment.size)?.index ?? this.#rebuild(segment);
  }

  /** A lost index costs time, and nothing else. */
  async #rebuild(segment: Segment): Promise<SegmentIndex> {
    const again = new Segment(dirname(segment.path), segment.baseOffset);
    const { file, release } = await this.#files.use(segment.path);
    try {
      const spacing = indexSpacing(SPACING, segment.size);
      await readSegment(file, again, { size: segment.size, spacing, now: 0 });
    } finally {
      release();
    }
    return again.index ?? new SegmentIndex();
  }
}
