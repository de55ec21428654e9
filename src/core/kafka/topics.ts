export interface TopicSummary {
  name: string;
  partitions: number;
  replicationFactor: number;
  /** Kafka's own, such as the offsets of groups. */
  internal: boolean;
}

export interface PartitionDetail {
  partition: number;
  /** The id of a broker; null while there is none. */
  leader: number | null;
  replicas: number[];
  inSyncReplicas: number[];
  /** Of the first message that is still there. */
  firstOffset: number;
  /** That the next message will get. */
  endOffset: number;
  /** Between the two; fewer where a topic is compacted. */
  messages: number;
}

export interface TopicConfig {
  name: string;
  /** Null where it is a secret. */
  value: string | null;
  /** The topic's own, or the broker's or Kafka's default. */
  origin: "topic" | "broker" | "default";
  readOnly: boolean;
}

export interface TopicDetail extends TopicSummary {
  messages: number;
  partitionDetails: PartitionDetail[];
  /** What the topic has set for itself. */
  configs: Record<string, string | null>;
}

export interface NewTopic {
  name: string;
  /** Default: the brokers'. */
  partitions?: number | undefined;
  replicationFactor?: number | undefined;
  configs: Readonly<Record<string, string>>;
  /** Check it, create nothing. */
  dryRun: boolean;
}

export interface ConfigChange {
  topic: string;
  set: Readonly<Record<string, string>>;
  /** Back to the default. */
  unset: readonly string[];
  dryRun: boolean;
}

/** Topics of a Kafka cluster. All methods throw FORBIDDEN where the cluster says so. */
export interface Topics {
  /** By name. */
  list(): Promise<TopicSummary[]>;
  /** @throws NOT_FOUND. */
  describe(name: string): Promise<TopicDetail>;
  /** @throws CONFLICT when it exists, INVALID for a name, a number or a configuration that the cluster refuses. */
  create(topic: NewTopic): Promise<void>;
  /** With all its messages. @throws NOT_FOUND. */
  delete(name: string): Promise<void>;
  /** By name. @throws NOT_FOUND. */
  configs(name: string): Promise<TopicConfig[]>;
  /** @returns the configurations after the change. @throws NOT_FOUND, INVALID. */
  changeConfigs(change: ConfigChange): Promise<TopicConfig[]>;
}
