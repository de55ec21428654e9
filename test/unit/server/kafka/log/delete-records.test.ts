import { describe, expect, it } from "vitest";
import { nextOffset } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { LOG_DIRECTORY, openLog, readAll } from "./log-harness.ts";

const losingAll = { power: true, keep: () => 0 };

/** A log of five segments of two batches with three records each. */
async function openWithRecords() {
  const opened = await openLog({ config: { segmentBytes: 150, fileDeleteDelayMs: 1000 } });
  for (let batch = 0; batch < 10; batch++) {
    await opened.log.append(recordBatch({ count: 3 }), { acks: -1 });
  }
  return opened;
}

const logFiles = (files: string[]) => files.filter((path) => path.includes(".log")).length;

describe("deleting records", () => {
  it("hides those before an offset, within a batch too, for good", async () => {
    const { log, disk, clock } = await openWithRecords();
    await log.deleteBefore(4);
    expect(log.logStart).toBe(4);
    await expect(log.read(3, { maxBytes: 1, atLeastOne: true })).rejects.toMatchObject({ code: 1 });
    const [first] = await log.read(4, { maxBytes: 1, atLeastOne: true });
    expect(nextOffset(first as Buffer)).toBe(6);
    disk.crash(losingAll);
    const again = await openLog({ disk, clock });
    expect(again.log.logStart).toBe(4);
  });

  it("removes the segments that hold nothing else, a while after they have left the log", async () => {
    const { log, disk, clock } = await openWithRecords();
    expect(logFiles(disk.files())).toBe(5);
    await log.deleteBefore(17);
    const left = disk.files().filter((path) => path.includes(".log"));
    expect(left.filter((path) => path.endsWith(".deleted"))).toHaveLength(2);
    expect(await readAll(log)).toHaveLength(5);
    clock.advance(1000);
    expect(logFiles(disk.files())).toBe(3);
  });

  it("leaves an empty log that goes on with the next offset, after a crash too", async () => {
    const { log, disk, clock } = await openWithRecords();
    await log.deleteBefore(30);
    expect([log.logStart, log.logEnd, await readAll(log)]).toEqual([30, 30, []]);
    disk.crash(losingAll);
    const again = await openLog({ disk, clock });
    expect(await again.log.append(recordBatch(), { acks: -1 })).toMatchObject({ baseOffset: 30 });
  });

  it("begins anew where it was deleted to, when the disk has lost what was there", async () => {
    const { log, disk, clock } = await openWithRecords();
    await log.deleteBefore(28);
    const files = disk.files().filter((path) => path.startsWith(LOG_DIRECTORY) && path.endsWith(".log"));
    disk.crash(losingAll);
    for (const path of files) disk.write(path, Buffer.alloc(0));
    const again = await openLog({ disk, clock });
    expect([again.log.logStart, again.log.logEnd]).toEqual([28, 28]);
    expect(await again.log.append(recordBatch(), { acks: -1 })).toMatchObject({ baseOffset: 28 });
  });
});
