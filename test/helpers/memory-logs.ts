import { topicConfig } from "../../src/server/kafka/broker/meta/topic-config.ts";
import { validateBatch } from "../../src/server/kafka/broker/records/validate.ts";
import type { LogStore, OwnedPartition } from "../../src/server/kafka/broker/topic-directory.ts";

interface Batch {
  base: number;
  next: number;
  timestamp: number;
  bytes: Buffer;
}

/** A log of which the tests of handlers need that it counts, and serves what it was given. */
export class MemoryPartition implements OwnedPartition {
  logStart = 0;
  logEnd = 0;
  leaderEpoch = 0;
  isReadOnly = false;
  #batches: Batch[] = [];
  readonly #listeners = new Set<() => void>();

  /** Requests that wait for an append. */
  get waiting(): number {
    return this.#listeners.size;
  }

  configure(): void {}

  async append(batch: Buffer) {
    validateBatch(batch, topicConfig({}, {}), Date.now());
    const bytes = Buffer.from(batch);
    const base = this.logEnd;
    bytes.writeBigInt64BE(BigInt(base), 0);
    this.logEnd += bytes.readInt32BE(23) + 1;
    const timestamp = Number(bytes.readBigInt64BE(35));
    this.#batches.push({ base, next: this.logEnd, timestamp, bytes });
    for (const listener of this.#listeners) listener();
    return { baseOffset: base, logStartOffset: this.logStart, logAppendTime: -1 };
  }

  async read(offset: number, { maxBytes, atLeastOne }: { maxBytes: number; atLeastOne: boolean }) {
    const found: Buffer[] = [];
    let left = maxBytes;
    for (const { next, bytes } of this.#batches) {
      if (next <= offset) continue;
      if (bytes.length > left && !(atLeastOne && found.length === 0)) break;
      found.push(bytes);
      left -= bytes.length;
    }
    return found;
  }

  bytesFrom(offset: number): number {
    return this.#batches
      .filter(({ next }) => next > offset)
      .reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  async offsetForTime(time: number) {
    const found = this.#batches.find(({ timestamp }) => timestamp >= time);
    return found && { offset: found.base, timestamp: found.timestamp };
  }

  async offsetOfNewest() {
    const last = this.#batches.at(-1);
    return last && { offset: last.next - 1, timestamp: last.timestamp };
  }

  epochAt() {
    return this.leaderEpoch;
  }

  endOffsetOfEpoch(epoch: number) {
    return { epoch: Math.min(epoch, this.leaderEpoch), endOffset: this.logEnd };
  }

  async deleteBefore(offset: number): Promise<void> {
    this.logStart = offset;
    this.#batches = this.#batches.filter(({ next }) => next > offset);
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Logs in memory, for tests of what is above them. */
export class MemoryLogs implements LogStore {
  readonly partitions = new Map<string, MemoryPartition>();

  async open(topic: string, index: number): Promise<OwnedPartition> {
    const key = `${topic}-${index}`;
    const partition = this.partitions.get(key) ?? new MemoryPartition();
    this.partitions.set(key, partition);
    return partition;
  }

  async remove(topic: string, index: number): Promise<void> {
    this.partitions.delete(`${topic}-${index}`);
  }

  unclaimed(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {}
}
