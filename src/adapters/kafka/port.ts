import type { Codec } from "../../core/kafka/compression.ts";
import type { NewMessage, StoredMessage } from "../../core/kafka/messages.ts";
import type { TopicConfig } from "../../core/kafka/topics.ts";

/**
 * All that the adapter wants of a Kafka client, so that another one can take the place of kafkajs. Whatever it throws
 * is an error of the taxonomy.
 */
export interface KafkaPort {
  readonly admin: AdminPort;
  /** @throws NOT_FOUND for a topic that is not there. */
  openProducer(options: ProducerOptions): Promise<BatchProducer>;
  /** Reads partitions from where `starts` says, without a group. Ends where all have come to their `until`. */
  consume(starts: readonly PartitionStart[], options: ConsumeOptions): AsyncIterable<StoredMessage[]>;
  /** Reads as a member of a group; what the caller has taken is committed when it asks for more. */
  consumeAsMember(options: MemberOptions): AsyncIterable<StoredMessage[]>;
  close(): Promise<void>;
}

export interface ClusterInfo {
  clusterId: string | null;
  brokers: number;
}

export interface PartitionInfo {
  partition: number;
  /** -1 while there is none. */
  leader: number;
  replicas: number[];
  inSyncReplicas: number[];
}

export interface TopicInfo {
  name: string;
  partitions: PartitionInfo[];
}

export interface GroupInfo {
  name: string;
  state: string;
  protocolType: string;
  protocol: string;
  members: {
    id: string;
    clientId: string;
    host: string;
    partitions: { topic: string; partition: number }[];
  }[];
}

/** The offset of the first message, of the next one, or of the first at that time (in ms) or later. */
export type OffsetAt = "first" | "end" | number;

/** Offsets by partition. */
export type Offsets = ReadonlyMap<number, number>;

export interface AdminPort {
  cluster(): Promise<ClusterInfo>;
  /** These topics, or all. @throws NOT_FOUND. */
  topics(names?: readonly string[]): Promise<TopicInfo[]>;
  createTopic(topic: {
    name: string;
    partitions: number | undefined;
    replicationFactor: number | undefined;
    configs: Readonly<Record<string, string>>;
    validateOnly: boolean;
  }): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  configs(topic: string): Promise<TopicConfig[]>;
  /** Replaces all that the topic has set for itself. */
  setConfigs(topic: string, configs: Readonly<Record<string, string>>, validateOnly: boolean): Promise<void>;
  /** Of all partitions of a topic; the end where there is no message of that time. */
  offsets(topic: string, at: OffsetAt): Promise<Offsets>;
  groups(): Promise<{ name: string; protocolType: string }[]>;
  describeGroups(names: readonly string[]): Promise<GroupInfo[]>;
  /** By topic. */
  committed(group: string): Promise<Map<string, Offsets>>;
  /** For a group without members. */
  commit(
    group: string,
    offsets: readonly { topic: string; partition: number; offset: number }[],
  ): Promise<void>;
  deleteGroup(name: string): Promise<void>;
}

export interface ProducerOptions {
  topic: string;
  acks: -1 | 0 | 1;
  codec: Codec;
  idempotent: boolean;
}

export interface BatchProducer {
  /** The ids of the topic's partitions. */
  readonly partitions: readonly number[];
  /** How many batches of one partition may be under way. */
  readonly inFlight: number;
  /** The partition of a key: the same one that Java clients choose. */
  partitionFor(key: Buffer): number;
  /**
   * Writes messages to a partition after those that it was called with before.
   * @returns the offset of the first, or null where nobody says.
   */
  produceBatch(partition: number, messages: readonly NewMessage[]): Promise<number | null>;
  close(): Promise<void>;
}

export interface PartitionStart {
  topic: string;
  partition: number;
  offset: number;
  /** The offset after the last that is wanted; undefined = go on for ever. */
  until: number | undefined;
}

export interface ConsumeOptions {
  /** The connection was lost and is tried again. */
  onInterruption: (error: Error) => void;
}

export interface MemberOptions extends ConsumeOptions {
  group: string;
  topics: readonly string[];
  /** Where the group begins with what it has no offsets for. */
  fromBeginning: boolean;
  /** End after so many messages, and commit no more than these. */
  limit: number | undefined;
  /** By topic: where it ends. Undefined = go on for ever. */
  until: ReadonlyMap<string, Offsets> | undefined;
}
