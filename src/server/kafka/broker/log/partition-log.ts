import type { Clock } from "../clock.ts";
import type { TopicConfig } from "../meta/topic-config.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { validateBatch } from "../records/validate.ts";
import type { OwnedPartition } from "../topic-directory.ts";
import type { Appended, OffsetAtTime } from "../topics.ts";
import { compactLog } from "./compaction.ts";
import type { Epochs } from "./epochs.ts";
import { newestOffset, offsetForTime } from "./offsets-by-time.ts";
import { writeState } from "./partition-state.ts";
import { saveProducers } from "./producer-snapshots.ts";
import type { Producers } from "./producers.ts";
import { type ReadLimits, readSegmentFrom } from "./reader.ts";
import type { FoundLog } from "./recovery.ts";
import { expiredSegments } from "./retention.ts";
import { Round } from "./round.ts";
import { indexSpacing, type Segment } from "./segment.ts";
import { type SegmentFiles, Segments } from "./segments.ts";
import { PartitionTail, type TailCache } from "./tail-cache.ts";
import { LogWriter, type SyncPolicy, type WrittenLog } from "./writer.ts";

/** What the logs of a store share. */
export interface LogSurroundings extends SegmentFiles {
  readonly clock: Clock;
  readonly cache: TailCache;
  readonly sync: SyncPolicy;
  /** Of all that is written from now on. */
  readonly leaderEpoch: number;
  /** Removes files after so many milliseconds. */
  removeLater(paths: readonly string[], delay: number): void;
  /** Something of the log in `directory` could not be written; `lasting` when nothing can be any more. */
  onFault(directory: string, error: unknown, lasting: boolean): void;
}

/** Bytes of a last segment up to which a start reads it rather than its index. */
const READ_ANEW = 65_536;

/** The log of one partition on disk. */
export class PartitionLog implements OwnedPartition, WrittenLog {
  readonly leaderEpoch: number;
  readonly segments: Segments;
  readonly #around: LogSurroundings;
  readonly #epochs: Epochs;
  readonly #producers: Producers;
  readonly #tail: PartitionTail;
  readonly #writer: LogWriter;
  readonly #listeners = new Set<() => void>();
  #config: TopicConfig;
  #logStart: number;
  /** Why nothing is served any more. */
  #closed: KafkaError | undefined;
  /** Where the log ended when what helps the next start was written down. */
  #savedAt = -1;

  constructor(found: FoundLog, config: TopicConfig, around: LogSurroundings) {
    this.leaderEpoch = around.leaderEpoch;
    this.segments = new Segments(found.directory, found.segments, around);
    this.#around = around;
    this.#config = config;
    this.#logStart = found.logStart;
    this.#epochs = found.epochs;
    this.#producers = found.producers;
    this.#tail = new PartitionTail(around.cache);
    this.#writer = new LogWriter(this, { ...around, synced: found.synced });
  }

  get logStart(): number {
    return this.#logStart;
  }

  get logEnd(): number {
    return this.segments.active.nextOffset;
  }

  get isReadOnly(): boolean {
    return this.#writer.hasFailed;
  }

  configure(config: TopicConfig): void {
    this.#config = config;
  }

  async append(batch: Buffer, { acks }: { acks: number }): Promise<Appended> {
    validateBatch(batch, this.#config, this.#around.clock.now());
    return this.#writer.append(batch, acks);
  }

  async read(offset: number, limits: ReadLimits): Promise<readonly Buffer[]> {
    for (;;) {
      if (this.#closed !== undefined) throw this.#closed;
      if (offset < this.#logStart || offset > this.logEnd) {
        const range = `the log holds offsets from ${this.#logStart} to ${this.logEnd}`;
        throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, range);
      }
      const cached = this.#tail.read(offset, limits);
      if (cached !== undefined) return cached;
      const from = this.segments.indexOf(offset);
      const found = await this.#readFrom(this.segments.all.slice(from), offset, limits);
      if (found !== undefined) return found;
    }
  }

  bytesFrom(offset: number): number {
    if (offset >= this.logEnd) return 0;
    const cached = this.#tail.bytesFrom(offset);
    if (cached !== undefined) return cached;
    const [first, ...later] = this.segments.all.slice(this.segments.indexOf(offset)) as [
      Segment,
      ...Segment[],
    ];
    const skipped = first.index?.positionOf(offset - first.baseOffset) ?? 0;
    return later.reduce((sum, { size }) => sum + size, first.size - skipped);
  }

  offsetForTime(timestamp: number): Promise<OffsetAtTime | undefined> {
    return this.#search(() => offsetForTime(this, timestamp, this.#around));
  }

  offsetOfNewest(): Promise<OffsetAtTime | undefined> {
    return this.#search(() => newestOffset(this, this.#around));
  }

  epochAt(offset: number): number {
    return this.#epochs.at(offset);
  }

  endOffsetOfEpoch(epoch: number): { epoch: number; endOffset: number } {
    return this.#epochs.endOf(epoch, this.leaderEpoch, this.logEnd);
  }

  deleteBefore(offset: number): Promise<void> {
    return this.#writer.exclusively(async () => {
      const logStart = Math.min(offset, this.logEnd);
      if (logStart <= this.#logStart) return;
      await this.#saveState(logStart);
      const kept = this.segments.all.findIndex((segment) => segment.nextOffset > logStart);
      await this.#dropBefore(kept === -1 ? this.segments.all.length - 1 : kept);
    });
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes what the topic's retention does not keep. */
  async cleanUp(): Promise<void> {
    const now = this.#around.clock.now();
    if (expiredSegments(this.segments, this.#config, now) === 0) return;
    await this.#writer.exclusively(async () => {
      const expired = expiredSegments(this.segments, this.#config, now);
      if (expired === this.segments.all.length) await this.#writer.roll();
      await this.#dropBefore(expired);
    });
  }

  /** Compacts it, where the topic's configuration asks for it and enough of it is new. @throws the signal's reason */
  async compact(signal: AbortSignal): Promise<void> {
    if (!this.#config.compacts) return;
    const log = {
      segments: this.segments,
      producers: this.#producers,
      exclusively: <Result>(change: () => Promise<Result>) => this.#writer.exclusively(change),
      onCompacted: (offset: number) => this.#tail.forgetBefore(offset),
    };
    await compactLog(log, this.#config, this.#around, signal);
  }

  /** Ends the log in order: writes what has arrived, syncs it, and writes down what makes the next start fast. */
  async close(): Promise<void> {
    this.#closed = new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, "the broker is stopping");
    await this.#writer.close(this.#closed);
    if (this.#savedAt !== this.logEnd && this.segments.active.size > READ_ANEW) {
      await this.segments.saveIndex();
      await this.#saveProducers();
    }
    this.segments.retire();
  }

  /** Ends the log whose files are about to go. */
  async abandon(): Promise<void> {
    this.#closed = new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "the topic was removed");
    await this.#writer.close(this.#closed).catch(() => {});
    this.segments.retire();
  }

  beginRound(): Round {
    return new Round({
      segment: this.segments.active,
      producers: this.#producers,
      settings: this.#config,
      leaderEpoch: this.leaderEpoch,
      logStart: this.#logStart,
      now: this.#around.clock.now(),
    });
  }

  async beginEpoch(offset: number): Promise<void> {
    if (this.#epochs.last >= this.leaderEpoch) return;
    const epochs = [...this.#epochs.starts, { epoch: this.leaderEpoch, offset }];
    const { fileSystem } = this.#around;
    await writeState(fileSystem, this.segments.directory, { logStart: this.#logStart, epochs });
    this.#epochs.add(this.leaderEpoch, offset);
  }

  async beginSegment(): Promise<void> {
    await this.#saveProducers();
    await this.segments.roll();
  }

  onWritten(batches: Round["batches"]): void {
    const { indexIntervalBytes, segmentBytes } = this.#config;
    const spacing = indexSpacing(indexIntervalBytes, segmentBytes);
    const now = this.#around.clock.now();
    const { active } = this.segments;
    for (const { bytes, baseOffset, nextOffset } of batches) {
      active.add(bytes, 0, bytes.length, spacing, now);
      this.#tail.add(baseOffset, nextOffset, bytes);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  onFault(error: unknown, lasting: boolean): void {
    this.#around.onFault(this.segments.directory, error, lasting);
  }

  async #readFrom(
    segments: readonly Segment[],
    offset: number,
    limits: ReadLimits,
  ): Promise<readonly Buffer[] | undefined> {
    for (const segment of segments) {
      try {
        const found = await readSegmentFrom(segment, offset, limits, this.#around);
        if (segment.retired) return undefined;
        if (found !== undefined) return found.length > 0 ? [found] : [];
      } catch (error) {
        if (segment.retired) return undefined;
        throw error;
      }
    }
    return [];
  }

  /** Does what reads the segments in the order of the log; anew, when one of them was replaced or removed meanwhile. */
  async #search<Found>(search: () => Promise<Found>): Promise<Found> {
    for (;;) {
      if (this.#closed !== undefined) throw this.#closed;
      const searched = [...this.segments.all];
      const isStale = () => searched.some(({ retired }) => retired);
      try {
        const found = await search();
        if (!isStale()) return found;
      } catch (error) {
        if (!isStale()) throw error;
      }
    }
  }

  async #saveState(logStart: number): Promise<void> {
    const { fileSystem } = this.#around;
    await writeState(fileSystem, this.segments.directory, { logStart, epochs: this.#epochs.starts });
    this.#logStart = logStart;
    this.#epochs.cutBefore(logStart);
  }

  async #saveProducers(): Promise<void> {
    const { fileSystem } = this.#around;
    await saveProducers(fileSystem, this.segments.directory, this.logEnd, this.#producers);
    this.#savedAt = this.logEnd;
  }

  async #dropBefore(count: number): Promise<void> {
    if (count <= 0) return;
    // Readers are told first: what is before it may be gone at any moment.
    this.#logStart = Math.max(this.#logStart, (this.segments.all[count] as Segment).baseOffset);
    this.#epochs.cutBefore(this.#logStart);
    const left = await this.segments.dropFirst(count);
    this.#around.removeLater(left, this.#config.fileDeleteDelayMs);
  }
}
