import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageCodec } from "../../../../../src/server/kafka/broker/protocol/codec.ts";
import { MalformedError } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { APIS } from "../../../../../src/server/kafka/broker/protocol/messages/index.ts";
import { metadata } from "../../../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { offsetFetch } from "../../../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import { produce } from "../../../../../src/server/kafka/broker/protocol/messages/produce.ts";
import { Reader } from "../../../../../src/server/kafka/broker/protocol/reader.ts";
import type { Api, Fields } from "../../../../../src/server/kafka/broker/protocol/schema.ts";
import { Writer } from "../../../../../src/server/kafka/broker/protocol/writer.ts";
import { completed, encodeBody, messages, versionsOf } from "../../../../helpers/kafka-messages.ts";

function decode(api: Api, fields: Fields, version: number, body: Buffer): unknown {
  const from = new Reader(body);
  const value = messageCodec(api, fields, version).read(from);
  from.end();
  return value;
}

/** Either decodes or is refused as malformed; anything else is a fault. */
function survives(api: Api, fields: Fields, version: number, body: Buffer): void {
  try {
    decode(api, fields, version, body);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError);
  }
}

const SIDES = ["request", "response"] as const;

describe("the codec of every message", () => {
  for (const api of APIS) {
    it(`reads ${api.name} as it was written, in every version`, () => {
      for (const version of versionsOf(api)) {
        for (const side of SIDES) {
          const fields = api[side];
          fc.assert(
            fc.property(messages(fields, version), (value) => {
              const body = encodeBody(api, fields, version, value);
              const read = decode(api, fields, version, body);
              expect(read).toEqual(completed(fields, version, value));
              expect(encodeBody(api, fields, version, read)).toEqual(body);
            }),
            { numRuns: 15, endOnFailure: true },
          );
        }
      }
    });

    it(`refuses ${api.name} that is cut short or has bytes too many, and survives any change of it`, () => {
      for (const version of versionsOf(api)) {
        const fields = api.request;
        fc.assert(
          fc.property(messages(fields, version), fc.nat(), fc.nat(255), (value, at, byte) => {
            const body = encodeBody(api, fields, version, value);
            expect(() => decode(api, fields, version, Buffer.concat([body, Buffer.of(0)]))).toThrow(
              MalformedError,
            );
            if (body.length === 0) return;
            expect(() => decode(api, fields, version, body.subarray(0, at % body.length))).toThrow(
              MalformedError,
            );
            const changed = Buffer.from(body);
            changed[at % body.length] = byte;
            survives(api, fields, version, changed);
          }),
          { numRuns: 10, endOnFailure: true },
        );
      }
    });
  }
});

describe("a codec", () => {
  it("hands records on without copying them, in both directions", () => {
    const records = Buffer.alloc(5_000, 7);
    const value = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: "t", partitionData: [{ index: 0, records }] }],
    };
    const to = new Writer();
    messageCodec(produce, produce.request, 9).write(to, value);
    const parts = to.finish();
    expect(parts).toContain(records);
    const frame = Buffer.concat(parts);
    const read = messageCodec(produce, produce.request, 9).read(new Reader(frame));
    expect(read.topicData[0]?.partitionData[0]?.records?.buffer).toBe(frame.buffer);
  });

  it("writes several slices of a log as one records field", () => {
    const slices = [Buffer.alloc(3_000, 1), Buffer.alloc(10, 2)];
    const value = (records: unknown) => ({
      topicData: [{ name: "t", partitionData: [{ index: 0, records }] }],
      acks: 1,
      timeoutMs: 1,
    });
    expect(encodeBody(produce, produce.request, 9, value(slices))).toEqual(
      encodeBody(produce, produce.request, 9, value(Buffer.concat(slices))),
    );
  });

  it("skips tagged fields that it does not know", () => {
    const body = encodeBody(metadata, metadata.request, 12, { topics: null });
    // The section of tagged fields ends the message: one field, tag 99, three bytes.
    const tagged = Buffer.concat([body.subarray(0, -1), Buffer.of(1, 99, 3, 1, 2, 3)]);
    expect(decode(metadata, metadata.request, 12, tagged)).toEqual(
      decode(metadata, metadata.request, 12, body),
    );
  });

  it("refuses an array that is longer than its frame, before it makes one", () => {
    const body = Buffer.from("7fffffff", "hex");
    expect(() => decode(metadata, metadata.request, 1, body)).toThrow(MalformedError);
  });

  it("refuses a frame of more elements than memory is good for", () => {
    const count = 300_000;
    const body = Buffer.alloc(4 + 2 * count + 1);
    body.writeInt32BE(count);
    expect(() => decode(metadata, metadata.request, 4, body)).toThrow(/elements/);
  });

  it("writes what an old version has no null for as empty", () => {
    const value = { groupId: "g", topics: null };
    expect(
      decode(offsetFetch, offsetFetch.request, 1, encodeBody(offsetFetch, offsetFetch.request, 1, value)),
    ).toEqual(completed(offsetFetch.request, 1, { groupId: "g", topics: [] }));
  });

  it.each([0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 63, -(2 ** 63)])(
    "keeps the 64-bit number %d",
    (number) => {
      const to = new Writer();
      to.int64(number);
      expect(new Reader(Buffer.concat(to.finish())).int64()).toBe(number);
    },
  );

  it("writes the largest 64-bit number for what is beyond it", () => {
    const to = new Writer();
    to.int64(1e30);
    expect(Buffer.concat(to.finish()).toString("hex")).toBe("7fffffffffffffff");
  });

  it("refuses variable-length numbers over 32 bits", () => {
    expect(() => new Reader(Buffer.from("ffffffffffff01", "hex")).uvarint()).toThrow(MalformedError);
    expect(() => new Reader(Buffer.from("ffffffff7f", "hex")).uvarint()).toThrow(MalformedError);
  });
});
