import type { FileSystem } from "./file-system.ts";
import { replaceFile } from "./file-system.ts";
import type { IndexCache } from "./index-cache.ts";
import type { OpenFiles } from "./open-files.ts";
import { DELETED, Segment } from "./segment.ts";

/** What the logs of a store share to get at their files. */
export interface SegmentFiles {
  readonly fileSystem: FileSystem;
  readonly files: OpenFiles;
  readonly indexes: IndexCache;
}

/** The files of one log, in the order of their offsets; the last one grows. There is always one. */
export class Segments {
  readonly directory: string;
  readonly #around: SegmentFiles;
  #list: Segment[];

  constructor(directory: string, list: readonly Segment[], around: SegmentFiles) {
    this.directory = directory;
    this.#around = around;
    this.#list = [...list];
  }

  get all(): readonly Segment[] {
    return this.#list;
  }

  get first(): Segment {
    return this.#list[0] as Segment;
  }

  get active(): Segment {
    return this.#list.at(-1) as Segment;
  }

  get size(): number {
    return this.#list.reduce((sum, { size }) => sum + size, 0);
  }

  /** Place of the segment in which an offset lies, or would. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle] as Segment).baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Closes the last segment, which must be synced, and begins the next at its end. */
  async roll(): Promise<Segment> {
    const { fileSystem } = this.#around;
    const closed = this.active;
    await this.saveIndex();
    const next = await createSegment(fileSystem, this.directory, closed.nextOffset);
    this.#list.push(next);
    // From now on read from the disk when it is needed.
    closed.index = undefined;
    return next;
  }

  /** Writes the index of the last segment. */
  async saveIndex(): Promise<void> {
    const { index, indexPath, facts } = this.active;
    if (index !== undefined)
      await replaceFile(this.#around.fileSystem, indexPath, index.encode(facts), { durable: false });
  }

  /**
   * Takes the first segments out of the log. Their files get another name, under which they are removed later; who reads
   * one of them goes on with it.
   * @returns the paths of what is left to be removed
   */
  async dropFirst(count: number): Promise<string[]> {
    const { fileSystem, files, indexes } = this.#around;
    const dropped = this.#list.slice(0, count);
    const left: string[] = [];
    for (const segment of dropped) {
      // The oldest first, so that what is left after a crash has no gap.
      await fileSystem.rename(segment.path, segment.path + DELETED);
      await fileSystem.remove(segment.indexPath);
      this.#list.shift();
      segment.retired = true;
      files.forget(segment.path);
      indexes.forget(segment);
      left.push(segment.path + DELETED);
    }
    if (dropped.length > 0) await fileSystem.syncDirectory(this.directory);
    return left;
  }

  /** Puts others in the place of segments that follow one another; who reads one of these has to read again. */
  replace(replaced: readonly Segment[], by: readonly Segment[]): void {
    const { files, indexes } = this.#around;
    this.#list.splice(this.#list.indexOf(replaced[0] as Segment), replaced.length, ...by);
    for (const segment of replaced) {
      segment.retired = true;
      files.forget(segment.path);
      indexes.forget(segment);
    }
  }

  /** Nothing of it is used any more. */
  retire(): void {
    for (const segment of this.#list) {
      segment.retired = true;
      this.#around.files.forget(segment.path);
      this.#around.indexes.forget(segment);
    }
  }
}

/** Makes the file of a new segment; it survives a loss of power. */
export async function createSegment(
  fileSystem: FileSystem,
  directory: string,
  baseOffset: number,
): Promise<Segment> {
  const segment = new Segment(directory, baseOffset);
  // What an attempt left that failed halfway.
  await fileSystem.remove(segment.path);
  const file = await fileSystem.open(segment.path, { create: true });
  await file.close();
  await fileSystem.syncDirectory(directory);
  return segment;
}
