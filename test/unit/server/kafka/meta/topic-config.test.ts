import { describe, expect, it } from "vitest";
import {
  checkOverrides,
  TOPIC_CONFIG_KEYS,
  topicConfig,
} from "../../../../../src/server/kafka/broker/meta/topic-config.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";

describe("settings of topics", () => {
  it("have defaults that they accept themselves", () => {
    for (const { name, default: value } of TOPIC_CONFIG_KEYS) checkOverrides({ [name]: value });
    const names = TOPIC_CONFIG_KEYS.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
  });

  it.each([
    ["retention.ms", "-1"],
    ["retention.ms", "9223372036854775807"],
    ["cleanup.policy", "compact"],
    ["cleanup.policy", "compact, delete"],
    ["message.timestamp.type", "LogAppendTime"],
    ["min.cleanable.dirty.ratio", "0.25"],
    ["segment.bytes", "1048576"],
  ])("can be %s=%s", (name, value) => checkOverrides({ [name]: value }));

  it.each([
    ["retention.ms", "-2"],
    ["retention.ms", "9223372036854775808"],
    ["retention.ms", "1e3"],
    ["retention.ms", ""],
    ["retention.ms", " 5"],
    ["segment.bytes", "13"],
    ["segment.bytes", "2147483648"],
    ["cleanup.policy", "shred"],
    ["cleanup.policy", ""],
    ["compression.type", "gzip"],
    ["min.insync.replicas", "2"],
    ["unclean.leader.election.enable", "true"],
    ["min.cleanable.dirty.ratio", "2"],
    ["min.cleanable.dirty.ratio", "."],
    ["nonsense", "1"],
    ["__proto__", "1"],
  ])("cannot be %s=%s", (name, value) => {
    const overrides = Object.fromEntries([[name, value]]);
    expect(() => checkOverrides(overrides)).toThrow(
      expect.objectContaining({ code: ErrorCode.INVALID_CONFIG, message: expect.stringContaining(name) }),
    );
  });

  it("come from the topic, else from the broker, else from Kafka's defaults, in the log's own types", () => {
    const config = topicConfig({ "retention.bytes": "5" }, { "retention.bytes": "7", "segment.ms": "9" });
    expect(config).toMatchObject({
      retentionBytes: 5,
      segmentMs: 9,
      retentionMs: 604_800_000,
      timestampAfterMaxMs: Number.POSITIVE_INFINITY,
      deletes: true,
      compacts: false,
      logAppendTime: false,
    });
    expect(topicConfig({ "retention.ms": "-1" }, {}).retentionMs).toBe(Number.POSITIVE_INFINITY);
  });
});
