import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODECS } from "../../../../../src/core/kafka/compression.ts";
import type { FileSystem } from "../../../../../src/server/kafka/broker/log/file-system.ts";
import { IndexCache } from "../../../../../src/server/kafka/broker/log/index-cache.ts";
import { OpenFiles } from "../../../../../src/server/kafka/broker/log/open-files.ts";
import { PartitionLog } from "../../../../../src/server/kafka/broker/log/partition-log.ts";
import { recoverLog } from "../../../../../src/server/kafka/broker/log/recovery.ts";
import { TailCache } from "../../../../../src/server/kafka/broker/log/tail-cache.ts";
import { type TopicConfig, topicConfig } from "../../../../../src/server/kafka/broker/meta/topic-config.ts";
import { batchSize } from "../../../../../src/server/kafka/broker/records/batch.ts";
import {
  buildBatch,
  type LogRecord,
  type RecordData,
  readRecords,
} from "../../../../../src/server/kafka/broker/records/records.ts";
import { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";

const DIRECTORY = "/data/topics/t-0";
const DELETE_RETENTION = 60_000;
const never = new AbortController().signal;
const CONFIG: TopicConfig = {
  ...topicConfig({ "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0" }, {}),
  segmentBytes: 1_500,
  indexIntervalBytes: 400,
  deleteRetentionMs: DELETE_RETENTION,
};

/** @param cached bytes of the newest batches that are kept in memory; none, so that what is read comes from the files */
async function openLog(
  fileSystem: FileSystem,
  clock: SimulatedClock,
  config: Partial<TopicConfig> = {},
  cached = 0,
) {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await fileSystem.makeDirectory(DIRECTORY);
  const found = await recoverLog(DIRECTORY, { fileSystem, clean: false, now: clock.now(), log });
  const files = new OpenFiles(fileSystem, 4);
  return new PartitionLog(
    found,
    { ...CONFIG, ...config },
    {
      fileSystem,
      files,
      indexes: new IndexCache(fileSystem, files, 4),
      cache: new TailCache(cached),
      clock,
      sync: "always",
      leaderEpoch: 0,
      removeLater: () => {},
      onFault: () => {},
    },
  );
}

const put = (key: string, value: string | null, timestamp = 1_000): RecordData => ({
  timestamp,
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: [{ key: "of", value: Buffer.from(key) }],
});

const send = (log: PartitionLog, records: readonly RecordData[], options = {}) =>
  log.append(buildBatch(records, options), { acks: -1 });

async function readAll(log: PartitionLog): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let offset = log.logStart;
  for (;;) {
    const pieces = await log.read(offset, { maxBytes: 700, atLeastOne: true });
    const bytes = Buffer.concat(pieces);
    if (bytes.length === 0) return records;
    for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
      records.push(...[...readRecords(bytes, at)].filter((record) => record.offset >= offset));
      offset = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23) + 1;
    }
  }
}

const shown = (records: readonly LogRecord[]) =>
  records.map(({ offset, key, value }) => `${offset} ${key}=${value}`);

/** What somebody knows who reads all records in order. */
function replay(records: readonly { key: Buffer | null; value: Buffer | null }[]): Map<string, string> {
  const state = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) state.delete(String(key));
    else state.set(String(key), String(value));
  }
  return state;
}

const filler = "x".repeat(280);

/** Closes the segment that is written to. */
async function closeSegment(log: PartitionLog): Promise<void> {
  const before = log.segments.all.length;
  while (log.segments.all.length === before) await send(log, [put(`filler${log.logEnd}`, filler)]);
}

describe("compaction", () => {
  it.each(CODECS)("keeps the latest record of each key at its offset, in batches of %s", async (codec) => {
    const log = await openLog(new FaultyDisk().mount(), new SimulatedClock());
    await send(log, [put("a", "1"), put("b", "1"), put("a", "2")], { codec });
    await send(log, [put("b", "2"), put("c", "1"), put("a", "3")], { codec });
    await closeSegment(log);
    await send(log, [put("c", "2")], { codec });
    await log.compact(never);
    const records = (await readAll(log)).filter(({ key }) => !String(key).startsWith("filler"));
    // The segment that is still written to is left alone.
    expect(shown(records)).toEqual(["3 b=2", "4 c=1", "5 a=3", `${log.logEnd - 1} c=2`]);
    expect(records[0]).toMatchObject({ timestamp: 1_000, headers: [{ key: "of", value: Buffer.from("b") }] });
  });

  it("is seen at once, also of what was in memory", async () => {
    const log = await openLog(new FaultyDisk().mount(), new SimulatedClock(), {}, 1 << 20);
    await send(log, [put("a", "1")]);
    await send(log, [put("a", "2")]);
    await closeSegment(log);
    await log.compact(never);
    await send(log, [put("a", "3")]);
    const lines = shown(await readAll(log)).filter((line) => line.includes(" a="));
    expect(lines).toEqual(["1 a=2", `${log.logEnd - 1} a=3`]);
  });

  it("keeps tombstones for their time, and not longer", async () => {
    const clock = new SimulatedClock();
    const log = await openLog(new FaultyDisk().mount(), clock);
    const aboutA = async () => {
      await closeSegment(log);
      await log.compact(never);
      return shown(await readAll(log)).filter((line) => line.includes(" a="));
    };
    await send(log, [put("a", "1"), put("b", "1")]);
    await send(log, [put("a", null)]);
    expect(await aboutA()).toEqual(["2 a=null"]);
    clock.advance(DELETE_RETENTION - 1);
    expect(await aboutA()).toEqual(["2 a=null"]);
    clock.advance(1);
    expect(await aboutA()).toEqual([]);
  });

  it("begins a tombstone's time also where nothing else changes, not even the size", async () => {
    const clock = new SimulatedClock();
    const log = await openLog(new FaultyDisk().mount(), clock);
    await send(log, [put("a", null, clock.now() + DELETE_RETENTION)]);
    await closeSegment(log);
    await log.compact(never);
    clock.advance(DELETE_RETENTION);
    await closeSegment(log);
    await log.compact(never);
    expect(shown(await readAll(log)).filter((line) => line.includes(" a="))).toEqual([]);
  });

  it("waits until enough of the log is new", async () => {
    const log = await openLog(new FaultyDisk().mount(), new SimulatedClock(), {
      minCleanableDirtyRatio: 0.5,
    });
    const countOfA = async () => shown(await readAll(log)).filter((line) => line.includes(" a=")).length;
    for (let index = 0; index < 8; index++) {
      await send(log, [put("a", String(index))]);
      await closeSegment(log);
    }
    await log.compact(never);
    expect(await countOfA()).toBe(1);
    for (let index = 0; index < 2; index++) {
      await send(log, [put("a", String(index))]);
      await closeSegment(log);
    }
    await log.compact(never);
    expect(await countOfA()).toBe(3);
  });

  it("puts small segments together, and their indexes with them", async () => {
    const disk = new FaultyDisk();
    const log = await openLog(disk.mount(), new SimulatedClock());
    for (let index = 0; index < 10; index++) {
      await send(log, [put("a", `${index}${filler}`)]);
      await send(log, [put("b", `${index}${filler}`)]);
      await send(log, [put("c", `${index}${filler}`)]);
    }
    expect(log.segments.all.length).toBeGreaterThan(6);
    await log.compact(never);
    expect(log.segments.all.length).toBeLessThan(4);
    const names = disk.files().filter((path) => path.startsWith(DIRECTORY) && !path.includes("producers"));
    const bases = log.segments.all.map(({ path }) => path);
    const indexes = bases.slice(0, -1).map((path) => path.replace(".log", ".index"));
    expect(names.filter((path) => /\.(log|index)$/.test(path)).sort()).toEqual([...bases, ...indexes].sort());
    expect(names.filter((path) => /swap|tmp/.test(path))).toEqual([]);
    const before = shown(await readAll(log));
    await log.close();
    expect(shown(await readAll(await openLog(disk.mount(), new SimulatedClock())))).toEqual(before);
  });

  it("knows producers afterwards, whose records are all gone", async () => {
    const disk = new FaultyDisk();
    const log = await openLog(disk.mount(), new SimulatedClock());
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const sent = buildBatch([put("a", "1"), put("b", "1")], { producer });
    const { baseOffset } = await log.append(Buffer.from(sent), { acks: -1 });
    await send(log, [put("a", "2"), put("b", "2")]);
    await closeSegment(log);
    await log.compact(never);
    for (const path of disk.files().filter((name) => name.includes("producers")))
      await disk.mount().remove(path);
    disk.crash({ power: false, keep: () => 1 });
    const again = await openLog(disk.mount(), new SimulatedClock());
    expect(shown(await readAll(again)).filter((line) => line.includes("=1"))).toEqual([]);
    expect(await again.append(Buffer.from(sent), { acks: -1 })).toMatchObject({ baseOffset });
    const next = { ...producer, baseSequence: 3 };
    await expect(send(again, [put("a", "3")], { producer: next })).rejects.toThrow("sequence 2");
  });

  it("leaves a damaged segment alone, and says so", async () => {
    const disk = new FaultyDisk();
    const log = await openLog(disk.mount(), new SimulatedClock());
    await send(log, [put("a", "1")]);
    await closeSegment(log);
    await send(log, [put("a", "2")]);
    await closeSegment(log);
    const { path } = log.segments.first;
    const bytes = disk.read(path);
    bytes[bytes.length - 1] = 0xff;
    disk.write(path, bytes);
    await expect(log.compact(never)).rejects.toThrow("damaged");
    expect(disk.read(path).equals(bytes)).toBe(true);
    expect(disk.files().filter((name) => /swap|tmp/.test(name))).toEqual([]);
  });

  it("goes on while readers read and producers write", async () => {
    const log = await openLog(new FaultyDisk().mount(), new SimulatedClock());
    const sent: RecordData[] = [];
    const write = async () => {
      for (let index = 0; index < 300; index++) {
        const record = put(`k${index % 7}`, `${index}${filler}`);
        sent.push(record);
        await send(log, [record]);
      }
    };
    const writing = write();
    let done = false;
    const ended = writing.then(() => {
      done = true;
    });
    let rounds = 0;
    while (!done) {
      const [records] = await Promise.all([readAll(log), log.compact(never)]);
      const offsets = records.map(({ offset }) => offset);
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
      rounds++;
    }
    await ended;
    expect(rounds).toBeGreaterThan(2);
    await log.compact(never);
    expect(replay(await readAll(log))).toEqual(replay(sent));
    expect(log.segments.all.length).toBeLessThan(20);
  });

  it("gives way to the removal of records", async () => {
    const log = await openLog(new FaultyDisk().mount(), new SimulatedClock());
    const sent: RecordData[] = [];
    for (let index = 0; index < 60; index++) {
      sent.push(put(`k${index % 9}`, `${index}${filler}`));
      await send(log, sent.slice(-1));
      if (index % 6 === 0) await Promise.all([log.compact(never), log.deleteBefore(index - 5)]);
    }
    expect(log.logStart).toBeGreaterThan(40);
    expect(replay(await readAll(log))).toEqual(replay(sent.slice(log.logStart)));
  });

  it("loses no key and brings none back, wherever it is interrupted", async () => {
    const key = fc.constantFrom("a", "b", "c", "d");
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ put: fc.array(fc.tuple(key, fc.nat(9)), { minLength: 1, maxLength: 4 }) }),
      },
      { weight: 2, arbitrary: fc.record({ remove: key }) },
      { weight: 2, arbitrary: fc.record({ compactAfter: fc.constantFrom(0, DELETE_RETENTION) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          interruptedAfter: fc.nat(25),
          power: fc.boolean(),
          keep: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
      },
    );
    const run = async (steps: Step[]) => {
      const disk = new FaultyDisk();
      const clock = new SimulatedClock();
      const sent: RecordData[] = [];
      let log = await openLog(disk.mount(), clock);
      for (const path of ["/", "/data", "/data/topics"]) await disk.mount().syncDirectory(path);
      const append = async (records: RecordData[]) => {
        sent.push(...records);
        await send(log, records);
      };
      for (const one of steps) {
        if ("put" in one) await append(one.put.map(([name, value]) => put(name, `${value}${filler}`)));
        else if ("remove" in one) await append([put(one.remove, null)]);
        else if ("compactAfter" in one) {
          clock.advance(one.compactAfter);
          await log.compact(never);
        } else {
          log = await openLog(mortal(disk.mount(), one.interruptedAfter), clock).catch(() => log);
          await log.compact(never).catch(() => {});
          disk.crash({ power: one.power, keep: () => one.keep });
          log = await openLog(disk.mount(), clock);
        }
        const records = await readAll(log);
        for (const { offset, key: name, value } of records)
          expect(sent[offset]).toMatchObject({ key: name, value });
        expect(replay(records)).toEqual(replay(sent));
        expect(log.logEnd).toBe(sent.length);
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), run), {
      numRuns: 60,
    });
  });
});

type Step =
  | { put: [string, number][] }
  | { remove: string }
  | { compactAfter: number }
  | { interruptedAfter: number; power: boolean; keep: number };

/** A disk whose user ends after so many changes: nothing it does later reaches it. */
function mortal(disk: FileSystem, changes: number): FileSystem {
  let left = changes;
  const spend = () => {
    if (left-- <= 0) throw new Error("killed");
  };
  return {
    list: (path) => disk.list(path),
    readSmall: (path) => disk.readSmall(path),
    size: (path) => disk.size(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    lock: (path) => disk.lock(path),
    async open(path, options) {
      if (options?.create) spend();
      const file = await disk.open(path, options);
      return {
        read: (into, position) => file.read(into, position),
        close: () => file.close(),
        async write(buffers, position) {
          spend();
          return file.write(buffers, position);
        },
        async truncate(size) {
          spend();
          return file.truncate(size);
        },
        async datasync() {
          spend();
          return file.datasync();
        },
      };
    },
    async rename(from, to) {
      spend();
      return disk.rename(from, to);
    },
    async remove(path) {
      if (
        (await disk.list(path.slice(0, path.lastIndexOf("/")))).includes(
          path.slice(path.lastIndexOf("/") + 1),
        )
      )
        spend();
      return disk.remove(path);
    },
    async syncDirectory(path) {
      spend();
      return disk.syncDirectory(path);
    },
  };
}
