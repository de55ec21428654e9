import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODECS } from "../../../../../src/core/kafka/compression.ts";
import { topicConfig } from "../../../../../src/server/kafka/broker/meta/topic-config.ts";
import {
  assignLogAppendTime,
  assignOffset,
  makeBatch,
  readHeader,
} from "../../../../../src/server/kafka/broker/records/batch.ts";
import {
  buildBatch,
  readRecords,
  rewriteBatch,
} from "../../../../../src/server/kafka/broker/records/records.ts";
import { validateBatch } from "../../../../../src/server/kafka/broker/records/validate.ts";
import {
  readVarint,
  varintSize,
  writeVarint,
} from "../../../../../src/server/kafka/broker/records/varint.ts";

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const data = fc.record({
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(bytes) }), { maxLength: 3 }),
});
const batches = fc.array(data, { minLength: 1, maxLength: 20 });

describe("variable-length integers", () => {
  it("come back as they were written, in the size that was told", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer(),
          fc.maxSafeInteger().map((value) => Math.floor(value / 2)),
        ),
        (value) => {
          const written = Buffer.alloc(varintSize(value));
          expect(writeVarint(written, value, 0)).toBe(written.length);
          const cursor = { at: 0 };
          expect(readVarint(written, cursor)).toBe(value);
          expect(cursor.at).toBe(written.length);
        },
      ),
    );
  });

  it("are bounded", () => {
    expect(() => readVarint(Buffer.alloc(20, 0xff), { at: 0 })).toThrow(RangeError);
    expect(() => readVarint(Buffer.alloc(3, 0xff), { at: 0 })).toThrow(RangeError);
  });
});

describe("records of a batch", () => {
  it("are read as they were put in, at their offsets, with every codec", () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(...CODECS), fc.nat({ max: 2 ** 45 }), (records, codec, offset) => {
        const batch = buildBatch(records, { codec });
        validateBatch(batch, topicConfig({}, {}), Date.now());
        assignOffset(batch, offset, 3);
        const read = [...readRecords(Buffer.concat([Buffer.alloc(5), batch, Buffer.alloc(5)]), 5)];
        expect(
          read.map(({ timestamp, key, value, headers }) => ({ timestamp, key, value, headers })),
        ).toEqual(records);
        expect(read.map((record) => record.offset)).toEqual(records.map((_, at) => offset + at));
      }),
    );
  });

  it("have the time of the append where the batch says so", () => {
    const batch = buildBatch([{ timestamp: 5, key: null, value: null }]);
    assignLogAppendTime(batch, 99);
    expect([...readRecords(batch)]).toMatchObject([{ timestamp: 99 }]);
  });

  it("keep offsets, times and headers when others are left out", () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(...CODECS), fc.func(fc.boolean()), (records, codec, keeps) => {
        const batch = buildBatch(records, { codec });
        const kept = [...readRecords(batch)].filter(({ offset }) => keeps(offset));
        const written = rewriteBatch({ ...readHeader(batch), baseTimestamp: 77 }, kept);
        expect(readHeader(written)).toEqual({ ...readHeader(batch), baseTimestamp: 77, count: kept.length });
        const plain = (list: typeof kept) =>
          list.map(({ offset, timestamp, key, value, headers }) => ({
            offset,
            timestamp,
            key,
            value,
            headers,
          }));
        expect(plain([...readRecords(written)])).toEqual(plain(kept));
      }),
    );
  });

  it("that cannot be read are an error, not a crash", () => {
    const header = readHeader(buildBatch([{ timestamp: 0, key: null, value: null }]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(3), fc.nat(7), (random, count, attributes) => {
        const batch = makeBatch({ ...header, count, attributes }, Buffer.from(random));
        try {
          for (const { headers } of readRecords(batch)) expect(headers.length).toBeLessThan(60);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
