import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baseOffset, nextOffset } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { buildBatch } from "../../../../../src/server/kafka/broker/records/records.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { batchesIn, openLog } from "./log-harness.ts";

describe("reading", () => {
  it("begins with the batch that holds the offset, takes what fits, and one at least if that is asked for", async () => {
    const counts = fc.array(fc.record({ count: fc.integer({ min: 1, max: 4 }), bytes: fc.nat(12_000) }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(
        counts,
        fc.nat(),
        fc.nat(30_000),
        fc.boolean(),
        fc.boolean(),
        async (sent, at, maxBytes, atLeastOne, fromDisk) => {
          let { log, store, disk } = await openLog({ config: { segmentBytes: 30_000 } });
          const all: Buffer[] = [];
          for (const one of sent) {
            const batch = recordBatch(one);
            await log.append(batch, { acks: -1 });
            all.push(batch);
          }
          if (fromDisk) {
            // What a new start reads is not in the cache of what was appended.
            await store.close();
            ({ log } = await openLog({ disk, config: { segmentBytes: 30_000 } }));
          }
          const offset = at % log.logEnd;
          const found = batchesIn(await log.read(offset, { maxBytes, atLeastOne }));
          const first = all.findIndex((batch) => nextOffset(batch) > offset);
          expect(Buffer.concat(found).equals(Buffer.concat(all.slice(first, first + found.length)))).toBe(
            true,
          );
          const size = found.reduce((sum, { length }) => sum + length, 0);
          expect(size <= maxBytes || (atLeastOne && found.length === 1)).toBe(true);
          if (atLeastOne || (all[first] as Buffer).length <= maxBytes)
            expect(found.length).toBeGreaterThan(0);
          const available = all.slice(first).reduce((sum, { length }) => sum + length, 0);
          expect(log.bytesFrom(offset)).toBeGreaterThanOrEqual(available);
          expect(log.bytesFrom(log.logEnd)).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reads to the end of a segment in one piece, and goes on in the next", async () => {
    const { log, store, disk } = await openLog({ config: { segmentBytes: 800 } });
    for (let batch = 0; batch < 30; batch++) await log.append(recordBatch(), { acks: -1 });
    await store.close();
    const again = await openLog({ disk, config: { segmentBytes: 800 } });
    const pieces = await again.log.read(0, { maxBytes: 100_000, atLeastOne: true });
    expect(pieces).toHaveLength(1);
    expect(batchesIn(pieces)).toHaveLength(11);
    const [next] = await again.log.read(11, { maxBytes: 100_000, atLeastOne: true });
    expect(baseOffset(next as Buffer)).toBe(11);
  });
});

describe("looking up by time", () => {
  const record = (timestamp: number) => ({ timestamp, key: null, value: Buffer.from("v") });

  it("finds the first record at or after a time, wherever it is", async () => {
    const batches = fc.array(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.integer({ min: 0, max: 52 }),
        fc.nat(),
        fc.boolean(),
        async (sent, time, cut, restart) => {
          let { log, store, disk } = await openLog({ config: { segmentBytes: 400, indexIntervalBytes: 90 } });
          for (const times of sent)
            await log.append(buildBatch(times.map(record), { codec: "gzip" }), { acks: -1 });
          const all = sent.flat().map((timestamp, offset) => ({ timestamp, offset }));
          await log.deleteBefore(cut % (log.logEnd + 1));
          if (restart) {
            await store.close();
            ({ log } = await openLog({ disk }));
          }
          const left = all.filter(({ offset }) => offset >= log.logStart);
          expect(await log.offsetForTime(time)).toEqual(left.find(({ timestamp }) => timestamp >= time));
          const newest = Math.max(...left.map(({ timestamp }) => timestamp));
          expect(await log.offsetOfNewest()).toEqual(left.find(({ timestamp }) => timestamp === newest));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("answers with the batch where its records cannot be read", async () => {
    const { log } = await openLog();
    await log.append(recordBatch({ count: 3, timestamp: 70 }), { acks: -1 });
    await log.append(recordBatch({ count: 3, timestamp: 90, codec: 2 }), { acks: -1 });
    expect(await log.offsetForTime(80)).toEqual({ offset: 3, timestamp: 90 });
  });
});
