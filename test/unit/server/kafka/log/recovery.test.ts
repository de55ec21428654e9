import { describe, expect, it } from "vitest";
import { SegmentIndex } from "../../../../../src/server/kafka/broker/log/segment-index.ts";
import { leaderEpoch } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { buildBatch } from "../../../../../src/server/kafka/broker/records/records.ts";
import type { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { LOG_DIRECTORY, type OpenedLog, openLog, readAll } from "./log-harness.ts";

const process = { power: false, keep: () => 1 };

const segmentFile = (base: number) => `${LOG_DIRECTORY}/${String(base).padStart(20, "0")}.log`;

async function fill({ log }: OpenedLog, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    await log.append(recordBatch({ count: 2, bytes: 20, timestamp: batch }), { acks: -1 });
  }
}

/** The last segment's file of a broker that was killed, and where its batches end. */
async function killedLog() {
  const opened = await openLog();
  await fill(opened, 5);
  opened.disk.crash(process);
  const whole = opened.disk.read(segmentFile(0));
  return { ...opened, whole, ends: [0, 1, 2, 3, 4, 5].map((batches) => (batches * whole.length) / 5) };
}

/** What a log looks like when its file holds `bytes` at the start. */
async function recovered(disk: FaultyDisk, bytes: Buffer) {
  disk.write(segmentFile(0), bytes);
  const { log, reports } = await openLog({ disk });
  const found = { logEnd: log.logEnd, batches: await readAll(log), cut: reports.length > 0 };
  disk.crash(process);
  return found;
}

describe("recovery after a kill", () => {
  it("cuts a tail that is torn at any byte where the last whole batch ends, and says so", async () => {
    const { disk, whole, ends } = await killedLog();
    for (let size = 0; size <= whole.length; size++) {
      const kept = ends.filter((end) => end <= size).length - 1;
      const { logEnd, batches, cut } = await recovered(disk, whole.subarray(0, size));
      expect({ logEnd, bytes: Buffer.concat(batches), cut }).toEqual({
        logEnd: 2 * kept,
        bytes: whole.subarray(0, ends[kept]),
        cut: size !== ends[kept],
      });
    }
  });

  it("cuts before a batch of which any byte under the checksum is wrong", async () => {
    const { disk, whole, ends } = await killedLog();
    const start = ends[4] as number;
    for (let at = start; at < whole.length; at++) {
      // The epoch is none of the bytes that are checked.
      if (at >= start + 12 && at < start + 16) continue;
      const wrong = Buffer.from(whole);
      wrong.writeUInt8(wrong.readUInt8(at) ^ 0x10, at);
      const { logEnd, batches } = await recovered(disk, wrong);
      // An offset that is too high is none that a log without compaction has, but no damage either.
      if (at < start + 8) expect(logEnd).toBeGreaterThanOrEqual(8);
      else expect([logEnd, batches.length]).toEqual([8, 4]);
    }
  });

  it.each([
    ["zeros", Buffer.alloc(5000)],
    ["noise", Buffer.from("garbage that goes on and on ".repeat(50))],
    [
      "a length that fits",
      Buffer.concat([Buffer.alloc(8), Buffer.from([0, 0, 0, 88]), Buffer.alloc(200, 2)]),
    ],
  ])("cuts off %s after the last batch", async (_, garbage) => {
    const { disk, whole } = await killedLog();
    const found = await recovered(disk, Buffer.concat([whole, garbage]));
    expect([found.logEnd, found.batches.length, found.cut]).toEqual([10, 5, true]);
    expect(disk.read(segmentFile(0))).toEqual(whole);
  });

  it("cuts off a copy of an earlier batch, whose offsets are taken", async () => {
    const { disk, whole, ends } = await killedLog();
    const found = await recovered(disk, Buffer.concat([whole, whole.subarray(0, ends[1])]));
    expect([found.logEnd, found.batches.length]).toEqual([10, 5]);
  });

  it("goes on with the next offset in a new leader epoch, and knows where each epoch began", async () => {
    const opened = await openLog();
    await fill(opened, 2);
    opened.disk.crash(process);
    const second = await openLog({ disk: opened.disk });
    expect([second.log.leaderEpoch, second.log.logEnd]).toEqual([1, 4]);
    expect(second.log.endOffsetOfEpoch(1)).toEqual({ epoch: 1, endOffset: 4 });
    await fill(second, 1);
    opened.disk.crash(process);
    const { log } = await openLog({ disk: opened.disk });
    expect((await readAll(log)).map((batch) => leaderEpoch(batch))).toEqual([0, 0, 1]);
    expect([0, 1, 2, 3].map((epoch) => log.endOffsetOfEpoch(epoch))).toEqual([
      { epoch: 0, endOffset: 4 },
      { epoch: 1, endOffset: 6 },
      { epoch: 2, endOffset: 6 },
      { epoch: -1, endOffset: -1 },
    ]);
  });

  it("knows a batch again that an idempotent producer sends once more", async () => {
    const opened = await openLog({ config: { segmentBytes: 300 } });
    const sent = (baseSequence: number) =>
      buildBatch([{ timestamp: 1, key: null, value: Buffer.alloc(30) }], {
        producer: { producerId: 9, producerEpoch: 0, baseSequence },
      });
    for (let sequence = 0; sequence < 10; sequence++) await opened.log.append(sent(sequence), { acks: -1 });
    opened.disk.crash(process);
    const { log } = await openLog({ disk: opened.disk, config: { segmentBytes: 300 } });
    expect(await log.append(sent(9), { acks: -1 })).toMatchObject({ baseOffset: 9 });
    expect(await log.append(sent(7), { acks: -1 })).toMatchObject({ baseOffset: 7 });
    await expect(log.append(sent(11), { acks: -1 })).rejects.toMatchObject({ code: 45 });
    expect(await log.append(sent(10), { acks: -1 })).toMatchObject({ baseOffset: 10 });
  });
});

describe("a log of several segments", () => {
  const config = { segmentBytes: 250, indexIntervalBytes: 1 };

  it("reads closed segments anew whose index is damaged or missing, and writes it again", async () => {
    const opened = await openLog({ config });
    await fill(opened, 20);
    opened.disk.crash(process);
    const indexes = opened.disk.files().filter((path) => path.endsWith(".index"));
    expect(indexes.length).toBeGreaterThan(4);
    for (const [number, path] of indexes.entries()) {
      const bytes = opened.disk.read(path);
      if (number % 2 === 0) opened.disk.write(path, bytes.subarray(0, number));
      else opened.disk.write(path, Buffer.alloc(bytes.length, 7));
    }
    const { log, disk } = await openLog({ disk: opened.disk, config });
    expect(await readAll(log)).toHaveLength(20);
    for (const path of indexes) {
      const { length } = disk.read(path.replace(".index", ".log"));
      expect(SegmentIndex.decode(disk.read(path), length)).toBeDefined();
    }
  });

  it("keeps what follows a closed segment that the disk has damaged", async () => {
    const opened = await openLog({ config });
    await fill(opened, 20);
    opened.disk.crash(process);
    const [first] = opened.disk.files().filter((path) => path.endsWith(".log"));
    opened.disk.write(first as string, opened.disk.read(first as string).subarray(0, 100));
    const { log, reports } = await openLog({ disk: opened.disk, config });
    expect(reports).toHaveLength(1);
    expect(log.logEnd).toBe(40);
    const bases = (await readAll(log)).map((batch) => Number(batch.readBigInt64BE(0)));
    expect(bases).toEqual([0, ...bases.slice(1)]);
    expect(bases.at(-1)).toBe(38);
    // Who asks for what is lost gets what comes next.
    const [next] = await log.read(2, { maxBytes: 1, atLeastOne: true });
    expect(Number(next?.readBigInt64BE(0))).toBe(bases[1]);
  });

  it("serves the same before and after an orderly end, without reading it anew", async () => {
    const opened = await openLog({ config });
    await fill(opened, 21);
    const before = Buffer.concat(await readAll(opened.log));
    await opened.store.close();
    const { log, store, disk } = await openLog({ disk: opened.disk, config });
    expect(Buffer.concat(await readAll(log))).toEqual(before);
    expect(log.leaderEpoch).toBe(0);
    await store.close();
    // A file that changed since is not taken for what it was.
    const last = disk
      .files()
      .filter((path) => path.endsWith(".log"))
      .sort()
      .at(-1) as string;
    disk.write(last, disk.read(last).subarray(0, -1));
    const { log: cut } = await openLog({ disk, config });
    expect(cut.logEnd).toBe(40);
  });

  it("has an index of a last segment that is large after an orderly end, and looks at the end of it only", async () => {
    const opened = await openLog();
    for (let batch = 0; batch < 30; batch++) {
      await opened.log.append(recordBatch({ bytes: 5_000, timestamp: batch }), { acks: -1 });
    }
    await opened.store.close();
    const path = segmentFile(0);
    const whole = opened.disk.read(path);
    expect(SegmentIndex.decode(opened.disk.read(path.replace(".log", ".index")), whole.length)).toBeDefined();
    const reopenedWith = async (position: number) => {
      const wrong = Buffer.from(whole);
      wrong.writeUInt8(wrong.readUInt8(position) ^ 1, position);
      opened.disk.write(path, wrong);
      const { log, store } = await openLog({ disk: opened.disk });
      const found = [log.logEnd, await log.offsetForTime(7), (await readAll(log)).length];
      await store.close();
      return found;
    };
    expect(await reopenedWith(100)).toEqual([30, { offset: 7, timestamp: 7 }, 30]);
    expect(await reopenedWith(whole.length - 100)).toEqual([29, { offset: 7, timestamp: 7 }, 29]);
  });

  it("reads all segments where its state is damaged, and finds the epochs in them", async () => {
    const opened = await openLog({ config });
    await fill(opened, 10);
    opened.disk.crash(process);
    const second = await openLog({ disk: opened.disk, config });
    await fill(second, 10);
    opened.disk.crash(process);
    opened.disk.write(`${LOG_DIRECTORY}/state.json`, Buffer.from("{"));
    const { log, reports } = await openLog({ disk: opened.disk, config });
    expect(reports).toEqual(["the state of a partition is damaged; its log is read anew"]);
    expect(log.endOffsetOfEpoch(0)).toEqual({ epoch: 0, endOffset: 20 });
    expect(await readAll(log)).toHaveLength(20);
  });
});
