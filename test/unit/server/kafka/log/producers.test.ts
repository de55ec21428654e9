import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Producers } from "../../../../../src/server/kafka/broker/log/producers.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { assignOffset } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { buildBatch } from "../../../../../src/server/kafka/broker/records/records.ts";

const DAY = 86_400_000;

interface Sent {
  id?: number;
  epoch?: number;
  sequence: number;
  count?: number;
  offset?: number;
}

function batchOf({ id = 7, epoch = 0, sequence, count = 1, offset = 0 }: Sent): Buffer {
  const records = Array.from({ length: count }, () => ({ timestamp: 1_000, key: null, value: null }));
  const producer = { producerId: id, producerEpoch: epoch, baseSequence: sequence };
  const batch = buildBatch(records, { producer });
  assignOffset(batch, offset, 0);
  return batch;
}

/** State after these batches. */
function stateAfter(sent: readonly Sent[], time = 0): Producers {
  const producers = new Producers();
  for (const one of sent) producers.add(batchOf(one), 0, time);
  return producers;
}

const refusal = (code: ErrorCode) => expect.objectContaining({ code });

describe("a producer's batches", () => {
  it("begin at any sequence where the producer is not known", () => {
    expect(stateAfter([]).check(batchOf({ sequence: 40 }))).toBeUndefined();
  });

  it("follow one another without a gap", () => {
    const producers = stateAfter([{ sequence: 0, count: 3 }]);
    expect(producers.check(batchOf({ sequence: 3 }))).toBeUndefined();
    for (const sequence of [1, 2, 4]) {
      expect(() => producers.check(batchOf({ sequence }))).toThrow(
        refusal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
      );
    }
  });

  it("go on at 0 after the largest sequence, also within a batch", () => {
    const last = 2 ** 31 - 1;
    expect(stateAfter([{ sequence: last }]).check(batchOf({ sequence: 0 }))).toBeUndefined();
    const across = stateAfter([{ sequence: last - 1, count: 4 }]);
    expect(across.check(batchOf({ sequence: 2 }))).toBeUndefined();
    expect(across.check(batchOf({ sequence: last - 1, count: 4 }))).toMatchObject({ baseOffset: 0 });
  });

  it("are known for five batches when they come again, with the offset they have", () => {
    const sent = Array.from({ length: 7 }, (_, at) => ({ sequence: at * 2, count: 2, offset: 100 + at * 2 }));
    const producers = stateAfter(sent);
    for (const one of sent.slice(2)) {
      expect(producers.check(batchOf(one))).toEqual(
        expect.objectContaining({ baseOffset: one.offset, timestamp: 1_000 }),
      );
    }
    for (const one of sent.slice(0, 2)) {
      expect(() => producers.check(batchOf(one))).toThrow(refusal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    }
    expect(() => producers.check(batchOf({ sequence: 12, count: 1 }))).toThrow(
      refusal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
    );
  });

  it("of an older epoch are refused, those of a newer begin at 0", () => {
    const producers = stateAfter([{ sequence: 5, epoch: 3 }]);
    const inEpoch = (epoch: number, sequence: number) => () =>
      producers.check(batchOf({ epoch, sequence })) ?? "new";
    expect(inEpoch(2, 6)).toThrow(refusal(ErrorCode.INVALID_PRODUCER_EPOCH));
    expect(inEpoch(4, 6)).toThrow(refusal(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    expect(inEpoch(4, 0)()).toBe("new");
    producers.add(batchOf({ epoch: 4, sequence: 0 }), 0, 0);
    expect(inEpoch(3, 5)).toThrow(refusal(ErrorCode.INVALID_PRODUCER_EPOCH));
    expect(inEpoch(4, 1)()).toBe("new");
  });

  it("of others, and batches without a producer, do not matter", () => {
    const producers = stateAfter([{ sequence: 5 }]);
    expect(producers.check(batchOf({ id: 8, sequence: 0 }))).toBeUndefined();
    const none = batchOf({ id: -1, epoch: -1, sequence: -1 });
    producers.add(none, 0, 0)();
    expect(producers.check(none)).toBeUndefined();
  });

  it("are told newest from older", () => {
    const producers = stateAfter([
      { sequence: 0, offset: 4 },
      { sequence: 1, offset: 9 },
    ]);
    expect(producers.isNewest(batchOf({ sequence: 0, offset: 4 }), 0)).toBe(false);
    expect(producers.isNewest(batchOf({ sequence: 1, offset: 9 }), 0)).toBe(true);
    expect(producers.isNewest(batchOf({ id: 8, sequence: 1, offset: 9 }), 0)).toBe(false);
  });
});

describe("the state of producers", () => {
  it("is as before once what was added is undone", () => {
    const producers = stateAfter([{ sequence: 0 }]);
    const before = producers.toBytes();
    const undo = [
      producers.add(batchOf({ sequence: 1 }), 0, 5),
      producers.add(batchOf({ sequence: 0, epoch: 1 }), 0, 5),
      producers.add(batchOf({ sequence: 9, id: 8 }), 0, 5),
    ];
    expect(producers.toBytes().equals(before)).toBe(false);
    for (const one of undo.reverse()) one();
    expect(producers.toBytes().equals(before)).toBe(true);
  });

  it("forgets who was silent for a day", () => {
    const producers = stateAfter([{ sequence: 0 }, { sequence: 0, id: 8 }]);
    producers.add(batchOf({ sequence: 1 }), 0, 10);
    producers.expire(DAY - 1);
    expect(() => producers.check(batchOf({ sequence: 5, id: 8 }))).toThrow();
    producers.expire(DAY);
    expect(producers.check(batchOf({ sequence: 5, id: 8 }))).toBeUndefined();
    expect(() => producers.check(batchOf({ sequence: 5 }))).toThrow();
  });

  it("answers the same once it was written down and read", () => {
    const producers = Producers.fromBytes(
      stateAfter([{ id: 2 ** 40, epoch: 2, sequence: 3, count: 2, offset: 2 ** 45 }]).toBytes(),
    );
    const copy = batchOf({ id: 2 ** 40, epoch: 2, sequence: 3, count: 2 });
    expect(producers?.check(copy)).toMatchObject({ baseOffset: 2 ** 45, timestamp: 1_000 });
    expect(producers?.check(batchOf({ id: 2 ** 40, epoch: 2, sequence: 5 }))).toBeUndefined();
    expect(() => producers?.check(batchOf({ id: 2 ** 40, epoch: 2, sequence: 6 }))).toThrow();
  });

  it("survives as bytes", () => {
    const sent = fc.record({
      id: fc.nat(3),
      epoch: fc.nat(2),
      sequence: fc.nat(2 ** 31 - 1),
      count: fc.integer({ min: 1, max: 4 }),
      offset: fc.nat({ max: 2 ** 50 }),
    });
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 30 }), (batches) => {
        const producers = stateAfter(batches, 1_700_000_000_000);
        const bytes = producers.toBytes();
        expect(Producers.fromBytes(bytes)?.toBytes().equals(bytes)).toBe(true);
      }),
    );
  });

  it("is not read from bytes that are damaged or of something else", () => {
    const bytes = stateAfter([{ sequence: 0 }, { sequence: 0, id: 8 }]).toBytes();
    for (let length = 0; length < bytes.length; length++) {
      expect(Producers.fromBytes(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(Producers.fromBytes(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ change;
        expect(Producers.fromBytes(damaged)).toBeUndefined();
      }),
    );
  });
});
