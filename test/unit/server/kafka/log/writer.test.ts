import { describe, expect, it } from "vitest";
import { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { openLog, readAll } from "./log-harness.ts";

const batches = (count: number) => Array.from({ length: count }, () => recordBatch({ count: 2 }));

/** What was begun by a timer has come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await undefined;
}

describe("appends", () => {
  it("that arrive together get their offsets in their order, and share one sync", async () => {
    const { log, disk } = await openLog();
    await log.append(recordBatch(), { acks: -1 });
    const before = disk.syncs;
    const appended = await Promise.all(batches(50).map((batch) => log.append(batch, { acks: -1 })));
    expect(appended.map(({ baseOffset }) => baseOffset)).toEqual(
      Array.from({ length: 50 }, (_, index) => 1 + 2 * index),
    );
    expect(disk.syncs - before).toBe(1);
  });

  it("with acks=1 are answered without a sync, which follows within a second", async () => {
    const { log, disk, clock } = await openLog();
    await log.append(recordBatch(), { acks: -1 });
    const before = disk.syncs;
    await log.append(recordBatch(), { acks: 1 });
    await log.append(recordBatch(), { acks: 1 });
    expect(disk.syncs).toBe(before);
    clock.advance(1000);
    await settled();
    expect(disk.syncs).toBe(before + 1);
    clock.advance(1000);
    await settled();
    expect(disk.syncs).toBe(before + 1);
  });

  it.each([
    ["interval", 1],
    ["never", 0],
  ] as const)(
    "under the policy %s are answered without a sync, whatever they ask for",
    async (fsync, later) => {
      const { log, disk, clock } = await openLog({ fsync });
      await log.append(recordBatch(), { acks: -1 });
      const before = disk.syncs;
      await Promise.all(batches(3).map((batch) => log.append(batch, { acks: -1 })));
      expect(disk.syncs).toBe(before);
      clock.advance(1000);
      await settled();
      expect(disk.syncs - before).toBe(later);
    },
  );

  it("wake those who wait for records", async () => {
    const { log } = await openLog();
    let calls = 0;
    const stop = log.onAppend(() => calls++);
    await log.append(recordBatch(), { acks: 1 });
    stop();
    await log.append(recordBatch(), { acks: 1 });
    expect(calls).toBe(1);
  });

  it("go on in a new segment when the last is full or old", async () => {
    const { log, disk, clock } = await openLog({ config: { segmentBytes: 150, segmentMs: 60_000 } });
    const segments = () => disk.files().filter((path) => path.endsWith(".log")).length;
    await Promise.all(batches(5).map((batch) => log.append(batch, { acks: -1 })));
    expect(segments()).toBe(3);
    clock.advance(60_001);
    await log.append(recordBatch(), { acks: -1 });
    expect(segments()).toBe(4);
    expect(await readAll(log)).toHaveLength(6);
  });

  it("get the time of the broker where the topic asks for it", async () => {
    const { log, clock } = await openLog({ config: { logAppendTime: true } });
    const { logAppendTime } = await log.append(recordBatch({ timestamp: 5 }), { acks: -1 });
    expect(logAppendTime).toBe(clock.now());
    expect(await log.offsetForTime(clock.now())).toEqual({ offset: 0, timestamp: clock.now() });
  });

  it("never take an offset that lies too far from the start of a segment for its index", async () => {
    const { log, disk } = await openLog();
    for (let batch = 0; batch < 3; batch++) await log.append(recordBatch({ count: 2 ** 30 }), { acks: -1 });
    expect(log.logEnd).toBe(3 * 2 ** 30);
    expect(disk.files().filter((path) => path.endsWith(".log"))).toHaveLength(3);
  });
});

describe("a disk that is full", () => {
  it("refuses what has no room, keeps all before it readable, and takes more when there is room again", async () => {
    const { log, disk, reports, clock } = await openLog();
    await log.append(recordBatch(), { acks: -1 });
    disk.capacity = 250;
    const refused = { code: 56 };
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(log.append(recordBatch({ bytes: 500 }), { acks: -1 })).rejects.toMatchObject(refused);
    }
    expect(reports).toHaveLength(1);
    clock.advance(60_000);
    await expect(log.append(recordBatch({ bytes: 500 }), { acks: -1 })).rejects.toMatchObject(refused);
    expect(reports).toHaveLength(2);
    expect(await readAll(log)).toHaveLength(1);
    disk.capacity = Number.POSITIVE_INFINITY;
    expect(await log.append(recordBatch(), { acks: -1 })).toMatchObject({ baseOffset: 1 });
    expect(await readAll(log)).toHaveLength(2);
  });

  it("does not make an idempotent producer's next attempt look like a copy", async () => {
    const { log, disk } = await openLog();
    const batch = () => recordBatch({ bytes: 500, producerId: 3, baseSequence: 0 });
    await log.append(recordBatch(), { acks: -1 });
    disk.capacity = 250;
    await expect(log.append(batch(), { acks: -1 })).rejects.toMatchObject({ code: 56 });
    disk.capacity = Number.POSITIVE_INFINITY;
    expect(await log.append(batch(), { acks: -1 })).toMatchObject({ baseOffset: 1 });
    expect(await log.append(batch(), { acks: -1 })).toMatchObject({ baseOffset: 1 });
    expect(log.logEnd).toBe(2);
  });
});

describe("a disk of which nobody knows what it holds", () => {
  it.each(["syncFails", "truncateFails"] as const)(
    "is not written any more (%s), and still read",
    async (fault) => {
      const { log, disk, store } = await openLog();
      await log.append(recordBatch(), { acks: -1 });
      disk[fault] = true;
      if (fault === "truncateFails") disk.capacity = 250;
      await expect(log.append(recordBatch({ bytes: 500 }), { acks: -1 })).rejects.toMatchObject({ code: 56 });
      disk[fault] = false;
      disk.capacity = Number.POSITIVE_INFINITY;
      await expect(log.append(recordBatch(), { acks: -1 })).rejects.toMatchObject({ code: 56 });
      expect((await readAll(log)).length).toBeGreaterThan(0);
      // Its end was none in order, so the next start looks at everything.
      await expect(store.close()).rejects.toThrow();
      const again = await openLog({ disk });
      expect(again.log.leaderEpoch).toBe(1);
      await again.log.append(recordBatch(), { acks: -1 });
    },
  );
});

describe("a store", () => {
  it("is refused to a second broker, and free when the first has ended", async () => {
    const disk = new FaultyDisk();
    const { store } = await openLog({ disk });
    await expect(openLog({ disk })).rejects.toThrow(/locked/);
    await store.close();
    await openLog({ disk });
  });

  it("takes no more appends when it closes, and has written those that came before", async () => {
    const { log, store, disk } = await openLog();
    const appended = batches(10).map((batch) => log.append(batch, { acks: -1 }));
    await Promise.all([...appended, store.close()]);
    await expect(log.append(recordBatch(), { acks: -1 })).rejects.toMatchObject({ code: 56 });
    const again = await openLog({ disk });
    expect(again.log.logEnd).toBe(20);
  });

  it("removes a log with its files, and tells of those that nobody asked for", async () => {
    const { log, store, disk } = await openLog();
    await log.append(recordBatch(), { acks: -1 });
    await store.close();
    const again = await openLog({ disk });
    expect(again.store.unclaimed()).toEqual([]);
    await again.store.remove("t", 0);
    await expect(again.log.append(recordBatch(), { acks: -1 })).rejects.toMatchObject({ code: 3 });
    await expect(again.log.read(0, { maxBytes: 1, atLeastOne: true })).rejects.toMatchObject({ code: 3 });
    await expect(again.log.offsetForTime(0)).rejects.toMatchObject({ code: 3 });
    expect(disk.files().filter((path) => path.includes("/t-0/"))).toEqual([]);
    await again.store.close();
  });
});
