import {
  assignOffset,
  maxTimestamp,
  recordCount,
  validateBatch,
} from "../../src/server/kafka/broker/records/batch.ts";
import type { LogStore, OwnedPartition } from "../../src/server/kafka/broker/topic-directory.ts";

interface Stored {
  readonly batch: Buffer;
  readonly end: number;
}

/** A partition that forgets with the process, where a test is about what stands before the log. */
export class MemoryPartition implements OwnedPartition {
  readonly #batches: Stored[] = [];
  readonly #listeners = new Set<() => void>();
  logStart = 0;
  logEnd = 0;
  leaderEpoch = 0;

  /** Those who are called back after an append. */
  get listeners(): number {
    return this.#listeners.size;
  }

  async append(batch: Buffer) {
    validateBatch(batch, { maxMessageBytes: 1_048_588, segmentBytes: 67_108_864 });
    const baseOffset = this.logEnd;
    assignOffset(batch, baseOffset, this.leaderEpoch);
    this.logEnd += recordCount(batch);
    this.#batches.push({ batch, end: this.logEnd });
    for (const listener of this.#listeners) listener();
    return { baseOffset, logStartOffset: this.logStart, logAppendTime: -1 };
  }

  async read(offset: number, { maxBytes, atLeastOne }: { maxBytes: number; atLeastOne: boolean }) {
    const found: Buffer[] = [];
    let left = maxBytes;
    for (const { batch } of this.#from(offset)) {
      left -= batch.length;
      if (left < 0 && !(atLeastOne && found.length === 0)) break;
      found.push(batch);
    }
    return found;
  }

  bytesFrom(offset: number): number {
    return this.#from(offset).reduce((sum, { batch }) => sum + batch.length, 0);
  }

  async offsetForTime(timestamp: number) {
    const found = this.#batches.find(({ batch }) => maxTimestamp(batch) >= timestamp);
    return found && { offset: found.end - recordCount(found.batch), timestamp: maxTimestamp(found.batch) };
  }

  async offsetOfNewest() {
    const last = this.#batches.at(-1);
    return last && { offset: last.end - 1, timestamp: maxTimestamp(last.batch) };
  }

  endOffsetOfEpoch(epoch: number) {
    return { epoch: Math.min(epoch, this.leaderEpoch), endOffset: this.logEnd };
  }

  async deleteBefore(offset: number) {
    this.logStart = offset;
  }

  onAppend(listener: () => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  configure() {}

  #from(offset: number): Stored[] {
    return this.#batches.filter(({ end }) => end > offset);
  }
}

/** Logs in memory. */
export function memoryLogs(): LogStore {
  const partitions = new Map<string, MemoryPartition>();
  return {
    async open(topic, index) {
      const key = `${topic}-${index}`;
      const partition = partitions.get(key) ?? new MemoryPartition();
      partitions.set(key, partition);
      return partition;
    },
    async remove(topic, index) {
      partitions.delete(`${topic}-${index}`);
    },
    async close() {},
  };
}
