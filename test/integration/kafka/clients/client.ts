import type { Codec } from "../../../../src/core/kafka/compression.ts";
import type { DebianPackage } from "../../../helpers/debian-programs.ts";

/** A kind of client that exists outside of this project, used as it was published. */
export interface ClientKind {
  readonly title: string;
  /** What brings it. */
  readonly packages: readonly DebianPackage[];
  readonly codecs: readonly Codec[];
  connect(bootstrap: string): Promise<KafkaClient>;
}

/** What every client can do. */
export interface KafkaClient {
  readonly version: string;
  /** One record a value, without keys; returns when all are acknowledged by all replicas. */
  produce(topic: string, codec: Codec, values: readonly string[]): Promise<void>;
  /** Joins a group, which starts at the first record where nothing is committed. */
  consume(group: string, topic: string): Consumption;
  /** The values of a topic of one partition from a time (ms) to its end, which comes after `count` of them. */
  valuesSince(topic: string, time: number, count: number): Promise<string[]>;
  /** Undefined for a client that has no such calls. */
  readonly admin: Admin | undefined;
}

/** A member of a group. */
export interface Consumption {
  /** What it has had so far. */
  readonly values: readonly string[];
  /** Commits, leaves the group and waits until both is done. */
  stop(): Promise<void>;
}

export interface Admin {
  /** @throws Error whose message is what the client says of the broker's refusal. */
  create(topic: string, partitions: number): Promise<void>;
  /** How many partitions the topic has. */
  partitions(topic: string): Promise<number>;
  /** @throws as `create` does. */
  remove(topic: string): Promise<void>;
}
