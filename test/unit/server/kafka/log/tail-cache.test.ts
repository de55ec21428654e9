import { describe, expect, it } from "vitest";
import { PartitionTail, TailCache } from "../../../../../src/server/kafka/broker/log/tail-cache.ts";

const ALL = { maxBytes: 1_000_000, atLeastOne: false };

describe("the cache of what was appended last", () => {
  it("drops the oldest batch of all partitions first, and has no gaps", () => {
    // Each batch counts 200 bytes more than it has.
    const cache = new TailCache(1500);
    const [one, other] = [new PartitionTail(cache), new PartitionTail(cache)];
    const append = (tail: PartitionTail, offset: number) =>
      tail.add(offset, offset + 1, Buffer.alloc(100, offset));
    append(one, 0);
    append(other, 0);
    append(other, 1);
    append(one, 1);
    append(one, 2);
    expect(one.read(0, ALL)).toHaveLength(3);
    append(other, 2);
    expect(one.read(0, ALL)).toBeUndefined();
    expect(one.read(1, ALL)).toHaveLength(2);
    expect(other.bytesFrom(0)).toBe(300);
    append(one, 3);
    expect(other.read(0, ALL)).toBeUndefined();
    expect(other.bytesFrom(0)).toBeUndefined();
    expect(other.bytesFrom(1)).toBe(200);
    expect(one.read(4, ALL)).toBeUndefined();
  });

  it("keeps no larger piece of memory than a batch needs, and copies none that fills its piece", () => {
    const tail = new PartitionTail(new TailCache(1_000_000));
    const chunk = Buffer.alloc(65_536, 1);
    tail.add(0, 1, chunk.subarray(100, 10_100));
    tail.add(1, 2, chunk.subarray(0, 60_000));
    const [small, large] = tail.read(0, ALL) as [Buffer, Buffer];
    expect(small).toEqual(chunk.subarray(100, 10_100));
    expect(small.buffer).not.toBe(chunk.buffer);
    expect(large.buffer).toBe(chunk.buffer);
  });

  it("is not larger than it may be after many appends", () => {
    const tail = new PartitionTail(new TailCache(100_000));
    for (let offset = 0; offset < 10_000; offset++) tail.add(offset, offset + 1, Buffer.alloc(50));
    expect(tail.read(9_999, ALL)).toHaveLength(1);
    expect(tail.read(9_600, ALL)).toHaveLength(400);
    expect(tail.read(9_599, ALL)).toBeUndefined();
  });
});
