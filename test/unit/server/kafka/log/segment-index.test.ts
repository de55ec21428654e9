import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SegmentIndex } from "../../../../../src/server/kafka/broker/log/segment-index.ts";

const FACTS = {
  size: 5_000_000_000,
  nextOffset: 2 ** 50,
  maxTimestamp: -1,
  firstAppend: 7,
  lastAppend: 2 ** 41,
};

/** Entries as batches make them: all three values rise. */
const entries = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 61, max: 20_000 }), fc.nat(1000)),
  {
    maxLength: 50,
  },
);

function indexOf(steps: readonly (readonly [number, number, number])[]) {
  const index = new SegmentIndex();
  const added: { offset: number; position: number; before: number }[] = [];
  let next = { offset: 0, position: 0, before: -1 };
  for (const [offset, position, time] of steps) {
    index.add(next.offset, next.position, next.before);
    added.push(next);
    next = { offset: next.offset + offset, position: next.position + position, before: next.before + time };
  }
  return { index, added };
}

describe("a segment's index", () => {
  it("says where to begin to look for an offset and for a time", () => {
    fc.assert(
      fc.property(entries, fc.nat(2_000_000), fc.nat(20_000), (steps, offset, time) => {
        const { index, added } = indexOf(steps);
        expect(index.positionOf(offset)).toBe(
          added.findLast((entry) => entry.offset <= offset)?.position ?? 0,
        );
        expect(index.positionOfTime(time)).toBe(added.findLast(({ before }) => before < time)?.position ?? 0);
      }),
    );
  });

  it("is read back as it was written", () => {
    fc.assert(
      fc.property(entries, (steps) => {
        const { index } = indexOf(steps);
        const bytes = index.encode(FACTS);
        const decoded = SegmentIndex.decode(bytes, FACTS.size);
        expect(decoded?.facts).toEqual(FACTS);
        expect(decoded?.index.encode(FACTS)).toEqual(bytes);
      }),
    );
  });

  it("is none with any byte wrong or missing, or for a log of another size", () => {
    const bytes = indexOf([
      [1, 100, 5],
      [9, 200, 0],
    ]).index.encode(FACTS);
    expect(SegmentIndex.decode(bytes, FACTS.size - 1)).toBeUndefined();
    for (let at = 0; at < bytes.length; at++) {
      expect(SegmentIndex.decode(bytes.subarray(0, at), FACTS.size)).toBeUndefined();
      const wrong = Buffer.from(bytes);
      wrong.writeUInt8(wrong.readUInt8(at) ^ 0x20, at);
      expect(SegmentIndex.decode(wrong, FACTS.size)).toBeUndefined();
    }
    expect(SegmentIndex.decode(Buffer.concat([bytes, Buffer.alloc(16)]), FACTS.size)).toBeUndefined();
  });
});
