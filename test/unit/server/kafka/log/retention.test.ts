import { describe, expect, it } from "vitest";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { openLog, readAll } from "./log-harness.ts";

/** Milliseconds between two looks at what is to go. */
const LOOK = 30_000;

/** What was begun by a timer has come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await undefined;
}

describe("retention", () => {
  it("removes closed segments whose newest record is too old, and keeps the others", async () => {
    const { log, clock } = await openLog({ config: { segmentBytes: 150, retentionMs: 60_000 } });
    const start = clock.now();
    for (const age of [50_000, 20_000, 45_000, 44_000, 10_000, 0]) {
      await log.append(recordBatch({ timestamp: start - age }), { acks: -1 });
    }
    clock.advance(LOOK);
    await settled();
    // The first segment holds a record that is younger than the first of the second.
    expect([log.logStart, log.logEnd]).toEqual([0, 6]);
    clock.advance(LOOK);
    await settled();
    expect([log.logStart, log.logEnd]).toEqual([4, 6]);
    expect(await readAll(log)).toHaveLength(2);
  });

  it("ends the last segment when all of it is too old, and goes on with the next offset", async () => {
    const { log, clock, disk } = await openLog({ config: { retentionMs: 60_000, fileDeleteDelayMs: 0 } });
    await log.append(recordBatch({ count: 7, timestamp: clock.now() }), { acks: -1 });
    for (let look = 0; look < 3; look++) {
      clock.advance(LOOK);
      await settled();
    }
    expect([log.logStart, log.logEnd]).toEqual([7, 7]);
    disk.crash({ power: true, keep: () => 0 });
    const again = await openLog({ disk, clock });
    expect([again.log.logStart, again.log.logEnd]).toEqual([7, 7]);
    expect(await again.log.append(recordBatch(), { acks: -1 })).toMatchObject({ baseOffset: 7 });
  });

  it("goes by the time of the append for records that have none", async () => {
    const { log, clock } = await openLog({ config: { retentionMs: 60_000 } });
    await log.append(recordBatch({ timestamp: -1 }), { acks: -1 });
    clock.advance(2 * LOOK);
    await settled();
    expect(log.logStart).toBe(0);
    clock.advance(LOOK);
    await settled();
    expect(log.logStart).toBe(1);
  });

  it("keeps the size that is asked for, by whole segments", async () => {
    const { log, clock } = await openLog({ config: { segmentBytes: 150, retentionBytes: 300 } });
    for (let batch = 0; batch < 10; batch++) await log.append(recordBatch(), { acks: -1 });
    clock.advance(LOOK);
    await settled();
    // Five segments of 142 bytes; with one less than three there would be less than 300.
    expect(log.logStart).toBe(4);
  });

  it("keeps everything of a topic that is compacted only", async () => {
    const config = { segmentBytes: 150, retentionBytes: 0, retentionMs: 0, deletes: false };
    const { log, clock } = await openLog({ config });
    for (let batch = 0; batch < 10; batch++) await log.append(recordBatch(), { acks: -1 });
    clock.advance(LOOK);
    await settled();
    expect(log.logStart).toBe(0);
  });

  it("does not disturb who reads a segment that goes meanwhile", async () => {
    const { log, clock } = await openLog({ config: { segmentBytes: 150, retentionBytes: 0 } });
    for (let batch = 0; batch < 10; batch++) await log.append(recordBatch(), { acks: -1 });
    const read = log.read(0, { maxBytes: 1, atLeastOne: true });
    clock.advance(LOOK);
    await expect(read).resolves.toHaveLength(1);
    await settled();
    expect(log.logStart).toBe(8);
    await expect(log.read(0, { maxBytes: 1, atLeastOne: true })).rejects.toMatchObject({ code: 1 });
  });
});
