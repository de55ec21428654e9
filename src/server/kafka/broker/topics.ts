/**
 * What the handlers ask of the topics and their logs. The log (`log/`) and the registry of topics (`meta/`) are behind it;
 * handlers know neither files nor journals.
 */

/** The answer to an append. */
export interface Appended {
  readonly baseOffset: number;
  readonly logStartOffset: number;
  /** Milliseconds since 1970 where the topic stamps records on arrival; -1 where they keep their producer's time. */
  readonly logAppendTime: number;
}

/** An offset that was looked up by time. */
export interface OffsetAtTime {
  readonly offset: number;
  readonly timestamp: number;
}

/** One partition's log. Offsets count records from 0. */
export interface Partition {
  /** Offset of the first record that is kept. */
  readonly logStart: number;
  /** Offset that the next record gets; all before it may be read. */
  readonly logEnd: number;
  readonly leaderEpoch: number;
  /** The disk failed: nothing is appended any more until the broker starts anew. */
  readonly isReadOnly: boolean;
  /**
   * Checks one record batch and appends it, in the order of the calls. Resolves when it is as durable as `acks` asks.
   * @param acks 1 = written, -1 = durable under the broker's policy, 0 = like 1
   * @throws KafkaError with the number for the producer.
   */
  append(batch: Buffer, options: { acks: number }): Promise<Appended>;
  /**
   * Whole batches from the one that holds `offset` on, none where there are no more.
   * @param options.atLeastOne the first batch comes even if it is larger than `maxBytes`
   * @throws KafkaError where the offset is outside of the log.
   */
  read(offset: number, options: { maxBytes: number; atLeastOne: boolean }): Promise<readonly Buffer[]>;
  /** Size of what `read` could return, without reading it; about right is enough. */
  bytesFrom(offset: number): number;
  /** The first record at or after a time; undefined where there is none. */
  offsetForTime(timestamp: number): Promise<OffsetAtTime | undefined>;
  /** The record with the newest timestamp; undefined in an empty log. */
  offsetOfNewest(): Promise<OffsetAtTime | undefined>;
  /** The leader epoch in which the record at an offset was written; -1 where that is not known. */
  epochAt(offset: number): number;
  /** The largest epoch up to `epoch` that the log knows, and where it ends; -1 and -1 where it knows none. */
  endOffsetOfEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number };
  /**
   * Removes the records before `offset`, which lies between `logStart` and `logEnd`; answers when that survives a loss of
   * power.
   */
  deleteBefore(offset: number): Promise<void>;
  /** Calls back after each append. @returns a function that ends it. */
  onAppend(listener: () => void): () => void;
}

export interface Topic {
  readonly name: string;
  /** 22 characters of base64url; never used again. */
  readonly id: string;
  /** By partition number. */
  readonly partitions: readonly Partition[];
}

export interface Topics {
  byName(name: string): Topic | undefined;
  byId(id: string): Topic | undefined;
  all(): Iterable<Topic>;
  /**
   * Makes a topic that a client asked for by using it.
   * @throws KafkaError for an illegal name, or UNKNOWN_TOPIC_OR_PARTITION where topics do not come by themselves.
   */
  createOnUse(name: string): Promise<Topic>;
}

/** The id that stands for none. */
export const NO_TOPIC_ID = "A".repeat(22);
