import type { ProgressListener } from "../progress.ts";
import type { Codec } from "./compression.ts";
import type { Position } from "./groups.ts";

/** In the order in which they were given; a name may occur more than once. */
export type Headers = readonly (readonly [name: string, value: Buffer])[];

/** A message as it is in a topic. */
export interface StoredMessage {
  topic: string;
  partition: number;
  offset: number;
  /** ISO 8601, UTC; null where the message has none. */
  timestamp: string | null;
  key: Buffer | null;
  /** Null marks a key as deleted. */
  value: Buffer | null;
  headers: Headers;
}

export interface TailQuery {
  topics: readonly string[];
  /** Only these, of each topic. */
  partitions?: readonly number[] | undefined;
  /** With a group: where it begins that has no offsets yet, `beginning` or `end`. */
  from: Position;
  /** Go on with what comes, until the run ends; else end with what was there at the start. */
  follow: boolean;
  /** Read as a member of this consumer group, and keep how far it came. */
  group?: string | undefined;
  /** End after so many messages; with a group the next reading begins behind them. */
  limit: number | undefined;
  /** Begin anew whenever the connection is lost, and say so. */
  onInterruption: (error: Error) => void;
}

/** A message that is to be sent. */
export interface NewMessage {
  key: Buffer | null;
  value: Buffer | null;
  headers: Headers;
  /** Default: by the key, or in turn. */
  partition?: number | undefined;
  /** Milliseconds since 1970; default: when it is sent. */
  timestamp?: number | undefined;
}

export interface ProduceRequest {
  topic: string;
  /** `all`: every replica in sync has it; `leader`: one broker has it; `none`: nobody says. */
  acks: "all" | "leader" | "none";
  codec: Codec;
  /** What is sent again after a lost answer is not written twice. Needs acks `all`. */
  idempotent: boolean;
  /** Pieces of what is to be sent, in order. */
  messages: AsyncIterable<readonly NewMessage[]>;
}

export interface ProduceSummary {
  topic: string;
  messages: number;
  /** Of keys and values. */
  bytes: number;
  partitions: {
    partition: number;
    messages: number;
    firstOffset: number | null;
    lastOffset: number | null;
  }[];
  seconds: number;
}

/** How far a production came that failed: in the details of its error. */
export interface ProduceProgress {
  /** Messages from the first one that are certainly written, without a gap. */
  certain: number;
  /** All that are certainly written. */
  acknowledged: number;
  /** All that were sent, or about to be. */
  taken: number;
}

/** Reading and writing topics. */
export interface Messages {
  /**
   * In the order of each partition.
   * @throws NOT_FOUND for a topic or partition, INVALID for an offset that is not there.
   */
  tail(query: TailQuery): AsyncIterable<StoredMessage>;
  /**
   * Resolves when everything is acknowledged.
   * @throws NOT_FOUND for a topic or partition, INVALID for a message that is refused, UNAVAILABLE, TIMEOUT; the
   * details of an error are a ProduceProgress.
   */
  produce(request: ProduceRequest, progress: ProgressListener): Promise<ProduceSummary>;
}
