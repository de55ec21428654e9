import { describe, expect, it } from "vitest";
import {
  type TopicOverrides,
  topicConfig,
} from "../../../../../src/server/kafka/broker/meta/topic-config.ts";
import { ErrorCode, KafkaError } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { Attribute, makeBatch, readHeader } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { buildBatch, type RecordData } from "../../../../../src/server/kafka/broker/records/records.ts";
import { validateBatch } from "../../../../../src/server/kafka/broker/records/validate.ts";

const NOW = 1_700_000_000_000;
const record: RecordData = { timestamp: NOW, key: Buffer.from("k"), value: Buffer.from("v") };
const good = buildBatch([record, record]);

/** A batch with some fields of the header of another, and bytes that are its records. */
const withHeader = (fields: object, records = good.subarray(61)) =>
  makeBatch({ ...readHeader(good), ...fields }, Buffer.from(records));

/** The number under which a batch is refused; 0 where it is taken. */
function verdict(batch: Buffer, topic: TopicOverrides = {}): number {
  try {
    validateBatch(batch, topicConfig(topic, {}), NOW);
    return ErrorCode.NONE;
  } catch (error) {
    if (error instanceof KafkaError) return error.code;
    throw error;
  }
}

describe("a batch that a producer sent", () => {
  it("is refused with any single bit of it flipped after the checksum begins", () => {
    expect(verdict(good)).toBe(ErrorCode.NONE);
    for (let bit = 16 * 8; bit < good.length * 8; bit++) {
      const damaged = Buffer.from(good);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(verdict(damaged)).not.toBe(ErrorCode.NONE);
    }
  });

  it("is one, whole", () => {
    expect(verdict(good.subarray(0, 60))).toBe(ErrorCode.INVALID_RECORD);
    expect(verdict(good.subarray(0, -1))).toBe(ErrorCode.INVALID_RECORD);
    expect(verdict(Buffer.concat([good, good]))).toBe(ErrorCode.INVALID_RECORD);
    const older = Buffer.from(good);
    older[16] = 1;
    expect(verdict(older)).toBe(ErrorCode.INVALID_RECORD);
    const newer = Buffer.from(good);
    newer[16] = 3;
    expect(verdict(newer)).toBe(ErrorCode.CORRUPT_MESSAGE);
  });

  it("fits the topic's limits", () => {
    expect(verdict(good, { "max.message.bytes": String(good.length) })).toBe(ErrorCode.NONE);
    expect(verdict(good, { "max.message.bytes": String(good.length - 1) })).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    expect(verdict(good, { "segment.bytes": String(good.length - 1) })).toBe(ErrorCode.RECORD_LIST_TOO_LARGE);
  });

  it.each([
    ["counts no records", { count: 0 }, ErrorCode.INVALID_RECORD],
    ["counts other records than its offsets", { count: 3 }, ErrorCode.INVALID_RECORD],
    ["holds control records", { attributes: Attribute.CONTROL }, ErrorCode.INVALID_RECORD],
    ["sets a delete horizon", { attributes: Attribute.DELETE_HORIZON }, ErrorCode.INVALID_RECORD],
    ["is idempotent without a sequence", { producerId: 1, producerEpoch: 0 }, ErrorCode.INVALID_RECORD],
    ["is part of a transaction", { attributes: Attribute.TRANSACTIONAL }, 53],
    ["has an unknown codec", { attributes: 5 }, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE],
    ["claims to have the time of the append", { attributes: Attribute.LOG_APPEND_TIME }, 32],
  ])("is refused when it %s", (_what, fields, code) => {
    expect(verdict(withHeader(fields))).toBe(code);
  });

  it("has records of the times that the topic allows, whatever its header says", () => {
    const at = (...times: number[]) => buildBatch(times.map((timestamp) => ({ ...record, timestamp })));
    const before = { "message.timestamp.before.max.ms": "1000" };
    const after = { "message.timestamp.after.max.ms": "1000" };
    expect(verdict(at(NOW - 1_000, NOW + 5_000), before)).toBe(ErrorCode.NONE);
    expect(verdict(at(NOW, NOW - 1_001, NOW), before)).toBe(ErrorCode.INVALID_TIMESTAMP);
    expect(verdict(at(NOW + 1_000, NOW - 5_000), after)).toBe(ErrorCode.NONE);
    expect(verdict(at(NOW, NOW + 1_001, NOW), after)).toBe(ErrorCode.INVALID_TIMESTAMP);
    expect(verdict(at(-1), before)).toBe(ErrorCode.NONE);
    const stamped = { ...before, "message.timestamp.type": "LogAppendTime" };
    expect(verdict(at(5), stamped)).toBe(ErrorCode.NONE);
    expect(verdict(at(5))).toBe(ErrorCode.NONE);
  });

  it("has keys and can be read, where the topic is compacted", () => {
    const compacted = { "cleanup.policy": "compact" };
    for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
      expect(verdict(buildBatch([record, { ...record, value: null }], { codec }), compacted)).toBe(0);
      const keyless = buildBatch([record, { ...record, key: null }], { codec });
      expect(verdict(keyless, compacted)).toBe(ErrorCode.INVALID_RECORD);
      expect(verdict(keyless)).toBe(ErrorCode.NONE);
    }
    const garbage = withHeader({}, Buffer.from("something else"));
    expect(verdict(garbage)).toBe(ErrorCode.NONE);
    expect(verdict(garbage, compacted)).toBe(ErrorCode.INVALID_RECORD);
    const first = good.subarray(61, 61 + (good.length - 61) / 2);
    expect(verdict(withHeader({}, Buffer.concat([first, first])), compacted)).toBe(ErrorCode.INVALID_RECORD);
  });

  it("is not unpacked beyond what a batch may hold", () => {
    const bomb = buildBatch([{ ...record, value: Buffer.alloc(65 << 20) }], { codec: "gzip" });
    expect(bomb.length).toBeLessThan(100_000);
    expect(verdict(bomb, { "cleanup.policy": "compact" })).toBe(ErrorCode.INVALID_RECORD);
  });
});
