import { ErrorCode, KafkaError } from "../protocol/errors.ts";

/** Numbers of the protocol for the type of a value. */
export const ConfigType = { BOOLEAN: 1, STRING: 2, INT: 3, LONG: 5, DOUBLE: 6, LIST: 7 } as const;

/** "Never" or "no limit" of Kafka's: the largest 64-bit number. */
const LONG_MAX = "9223372036854775807";

/** One setting of a topic. */
export interface ConfigKey {
  name: string;
  type: (typeof ConfigType)[keyof typeof ConfigType];
  /** In the form in which clients write it. */
  default: string;
  documentation: string;
  /** What a value must be, in words; undefined when it is that. */
  fault(value: string): string | undefined;
}

const WHOLE = /^-?[0-9]{1,19}$/;

function whole(type: ConfigKey["type"], least: bigint, most: bigint) {
  return {
    type,
    fault: (value: string) =>
      WHOLE.test(value) && BigInt(value) >= least && BigInt(value) <= most
        ? undefined
        : `a whole number from ${least} to ${most}`,
  };
}
const long = (least: number) => whole(ConfigType.LONG, BigInt(least), BigInt(LONG_MAX));
const int = (least: number) => whole(ConfigType.INT, BigInt(least), 2n ** 31n - 1n);
const oneOf = (...allowed: string[]) => ({
  type: ConfigType.STRING,
  fault: (value: string) => (allowed.includes(value) ? undefined : `one of ${allowed.join(", ")}`),
});
const only = (value: string, type: ConfigKey["type"]) => ({ ...oneOf(value), type });

const POLICIES = ["delete", "compact"];

/** What a topic can be set to, sorted by name. Durations are milliseconds, sizes bytes. */
export const TOPIC_CONFIG_KEYS: readonly ConfigKey[] = [
  {
    name: "cleanup.policy",
    type: ConfigType.LIST,
    default: "delete",
    documentation: "delete: old segments go; compact: the last record of each key stays; or both.",
    fault: (value) => {
      const policies = value.split(",").map((policy) => policy.trim());
      return policies.every((policy) => POLICIES.includes(policy)) ? undefined : "delete, compact or both";
    },
  },
  {
    name: "compression.type",
    ...oneOf("producer"),
    default: "producer",
    documentation: "Batches stay compressed as their producer sent them.",
  },
  {
    name: "delete.retention.ms",
    ...long(0),
    default: "86400000",
    documentation: "How long a compacted topic keeps the mark of a deleted key.",
  },
  {
    name: "file.delete.delay.ms",
    ...long(0),
    default: "60000",
    documentation: "How long the file of a deleted segment stays.",
  },
  {
    name: "flush.messages",
    ...long(1),
    default: LONG_MAX,
    documentation: "Accepted and without effect: what is acknowledged for acks=all is on disk.",
  },
  {
    name: "flush.ms",
    ...long(0),
    default: LONG_MAX,
    documentation: "Accepted and without effect: what is acknowledged for acks=all is on disk.",
  },
  {
    name: "index.interval.bytes",
    ...int(0),
    default: "4096",
    documentation: "Bytes of records between two entries of an index.",
  },
  {
    name: "max.message.bytes",
    ...int(0),
    default: "1048588",
    documentation: "The largest batch that is taken.",
  },
  {
    name: "message.timestamp.after.max.ms",
    ...long(0),
    default: LONG_MAX,
    documentation: "How far a record's time may be ahead of the broker's.",
  },
  {
    name: "message.timestamp.before.max.ms",
    ...long(0),
    default: LONG_MAX,
    documentation: "How far a record's time may be behind the broker's.",
  },
  {
    name: "message.timestamp.type",
    ...oneOf("CreateTime", "LogAppendTime"),
    default: "CreateTime",
    documentation: "Whether records carry the time of their producer or of the broker.",
  },
  {
    name: "min.cleanable.dirty.ratio",
    type: ConfigType.DOUBLE,
    default: "0.5",
    documentation: "The share of a log that has to be new before it is compacted.",
    fault: (value) =>
      /^[0-9.]+$/.test(value) && Number(value) >= 0 && Number(value) <= 1
        ? undefined
        : "a number from 0 to 1",
  },
  {
    name: "min.insync.replicas",
    ...only("1", ConfigType.INT),
    default: "1",
    documentation: "One: there is one broker.",
  },
  {
    name: "preallocate",
    ...only("false", ConfigType.BOOLEAN),
    default: "false",
    documentation: "Segments grow as they are written.",
  },
  {
    name: "retention.bytes",
    ...long(-1),
    default: "-1",
    documentation: "The size of a partition beyond which old segments go; -1 for none.",
  },
  {
    name: "retention.ms",
    ...long(-1),
    default: "604800000",
    documentation: "The age beyond which segments go; -1 for none.",
  },
  {
    name: "segment.bytes",
    // A segment has to take a batch of the default size.
    ...int(1_048_576),
    default: "67108864",
    documentation: "The size at which a segment is closed and the next one begun.",
  },
  {
    name: "segment.ms",
    ...long(1),
    default: "604800000",
    documentation: "The age at which a segment is closed and the next one begun.",
  },
  {
    name: "unclean.leader.election.enable",
    ...only("false", ConfigType.BOOLEAN),
    default: "false",
    documentation: "There is one broker.",
  },
];

const KEYS = new Map(TOPIC_CONFIG_KEYS.map((key) => [key.name, key]));

/** The key of that name. @throws KafkaError INVALID_CONFIG for a name that is none. */
export function configKey(name: string): ConfigKey {
  const key = KEYS.get(name);
  if (key === undefined) throw new KafkaError(ErrorCode.INVALID_CONFIG, `unknown topic config ${name}`);
  return key;
}

/** What a topic is set to beyond the defaults, by key. */
export type TopicOverrides = Readonly<Record<string, string>>;

/** @throws KafkaError INVALID_CONFIG naming the first key that is unknown or has a value that it cannot have. */
export function checkOverrides(overrides: TopicOverrides): void {
  for (const [name, value] of Object.entries(overrides)) {
    const fault = configKey(name).fault(value);
    if (fault === undefined) continue;
    throw new KafkaError(ErrorCode.INVALID_CONFIG, `invalid value ${value} for ${name}: it must be ${fault}`);
  }
}

/** The settings that the log works by. Infinity stands for "no limit". */
export interface TopicConfig {
  compacts: boolean;
  deletes: boolean;
  deleteRetentionMs: number;
  fileDeleteDelayMs: number;
  indexIntervalBytes: number;
  maxMessageBytes: number;
  timestampAfterMaxMs: number;
  timestampBeforeMaxMs: number;
  logAppendTime: boolean;
  minCleanableDirtyRatio: number;
  retentionBytes: number;
  retentionMs: number;
  segmentBytes: number;
  segmentMs: number;
}

/** The value of each key: the topic's own, else the broker's default, else Kafka's. */
export function configValue(name: string, overrides: TopicOverrides, defaults: TopicOverrides): string {
  return overrides[name] ?? defaults[name] ?? configKey(name).default;
}

/** The settings of a topic in the types that the log wants. Both sets must have passed `checkOverrides`. */
export function topicConfig(overrides: TopicOverrides, defaults: TopicOverrides): TopicConfig {
  const text = (name: string) => configValue(name, overrides, defaults);
  const number = (name: string) => {
    const value = Number(text(name));
    return value === -1 || value >= Number(LONG_MAX) ? Number.POSITIVE_INFINITY : value;
  };
  const policies = text("cleanup.policy")
    .split(",")
    .map((policy) => policy.trim());
  return {
    compacts: policies.includes("compact"),
    deletes: policies.includes("delete"),
    deleteRetentionMs: number("delete.retention.ms"),
    fileDeleteDelayMs: number("file.delete.delay.ms"),
    indexIntervalBytes: number("index.interval.bytes"),
    maxMessageBytes: number("max.message.bytes"),
    timestampAfterMaxMs: number("message.timestamp.after.max.ms"),
    timestampBeforeMaxMs: number("message.timestamp.before.max.ms"),
    logAppendTime: text("message.timestamp.type") === "LogAppendTime",
    minCleanableDirtyRatio: number("min.cleanable.dirty.ratio"),
    retentionBytes: number("retention.bytes"),
    retentionMs: number("retention.ms"),
    segmentBytes: number("segment.bytes"),
    segmentMs: number("segment.ms"),
  };
}
