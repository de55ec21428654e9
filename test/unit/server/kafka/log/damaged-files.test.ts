import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Producers } from "../../../../../src/server/kafka/broker/log/producers.ts";
import { decodeFacts, SegmentIndex } from "../../../../../src/server/kafka/broker/log/segment-index.ts";
import { decodeFrame, encodeFrame } from "../../../../../src/server/kafka/broker/meta/frames.ts";
import { KafkaError } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { baseOffset, hasValidCrc } from "../../../../../src/server/kafka/broker/records/batch.ts";
import { buildBatch } from "../../../../../src/server/kafka/broker/records/records.ts";
import { FaultyDisk } from "../../../../helpers/faulty-disk.ts";
import { LOG_DIRECTORY, openLog, readAll } from "./log-harness.ts";

/** Where the part of a batch begins that its checksum is about, with the checksum. */
const CHECKED_FROM = 17;

const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** What a disk makes of a file: other bytes in a place, another length, or something else altogether. */
const damage: fc.Arbitrary<(file: Buffer) => Buffer> = fc.oneof(
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), random).map(([where, bytes]) => (file: Buffer) => {
    const damaged = Buffer.from(file);
    damaged.set(
      bytes.subarray(0, damaged.length),
      Math.floor(where * Math.max(0, damaged.length - bytes.length)),
    );
    return damaged;
  }),
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((part) => (file: Buffer) => file.subarray(0, part * file.length)),
  random.map((bytes) => (file: Buffer) => Buffer.concat([file, bytes])),
  random.map((bytes) => () => bytes),
);

const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    timestamp: 1_000 + index,
    key: Buffer.from(`key ${index}`),
    value: Buffer.alloc(40, index),
  }));

/** Batches of a producer in several segments. */
async function fill(disk: FaultyDisk): Promise<Buffer[]> {
  const { log, store } = await openLog({ disk, config: { segmentBytes: 900, indexIntervalBytes: 200 } });
  for (let sequence = 0; sequence < 60; sequence += 3) {
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: sequence };
    await log.append(buildBatch(records(3), { producer }), { acks: -1 });
  }
  const batches = await readAll(log);
  await store.close();
  return batches;
}

describe("files of a log that are damaged", () => {
  it("hinder neither the start nor new records, and nothing is served that was not written", async () => {
    const file = fc.double({ min: 0, max: 0.999, noNaN: true });
    const damages = fc.array(fc.record({ file, damage }), { minLength: 1, maxLength: 4 });
    const attempt = async (chosen: { file: number; damage: (bytes: Buffer) => Buffer }[], clean: boolean) => {
      const disk = new FaultyDisk();
      // The checksum covers all but the offset and the epoch.
      const content = (batch: Buffer) => batch.toString("latin1", CHECKED_FROM);
      const written = new Set((await fill(disk)).map(content));
      const paths = disk.files().filter((path) => path.startsWith(LOG_DIRECTORY));
      for (const one of chosen) {
        const path = paths[Math.floor(one.file * paths.length)] as string;
        disk.write(path, one.damage(disk.read(path)));
      }
      if (!clean) await disk.mount().remove("/data/clean-shutdown");
      const { log } = await openLog({ disk });
      // A part that cannot be read is refused.
      const batches = await readAll(log).catch((error: unknown) => {
        if (error instanceof KafkaError || String(error).includes("nothing to read at")) return [];
        throw error;
      });
      for (const batch of batches) {
        if (hasValidCrc(batch)) expect(written).toContain(content(batch));
      }
      const before = log.logEnd;
      const { baseOffset: offset } = await log.append(buildBatch(records(2)), { acks: -1 });
      expect(offset).toBe(before);
      const [last] = await log.read(offset, { maxBytes: 1_000, atLeastOne: true });
      expect(last && baseOffset(last)).toBe(offset);
    };
    await fc.assert(fc.asyncProperty(damages, fc.boolean(), attempt), { numRuns: 60 });
  });
});

describe("random bytes", () => {
  const index = new SegmentIndex();
  for (let entry = 0; entry < 20; entry++) index.add(entry * 10, entry * 500, entry);
  const facts = { size: 10_000, nextOffset: 200, maxTimestamp: 30, firstAppend: 1, lastAppend: 2 };
  const producers = new Producers();
  const producer = { producerId: 1, producerEpoch: 0, baseSequence: 0 };
  producers.add(buildBatch(records(1), { producer }), 0, 0);

  it.each([
    ["an index", index.encode(facts), (bytes: Buffer) => SegmentIndex.decode(bytes, 10_000)],
    ["the facts of a segment", index.encode(facts), (bytes: Buffer) => decodeFacts(bytes, 10_000)],
    ["known producers", producers.toBytes(), (bytes: Buffer) => Producers.fromBytes(bytes)],
    [
      "a frame of a journal",
      encodeFrame({ version: 1, payload: Buffer.from('{"topic":"t"}') }),
      (bytes: Buffer) => decodeFrame(bytes, 0),
    ],
  ])("are not taken for %s", (_what, whole, decode) => {
    expect(decode(whole)).toBeDefined();
    fc.assert(
      fc.property(
        fc.oneof(
          random,
          damage.map((make) => make(whole)),
        ),
        (bytes) => {
          const isPrefix = bytes.subarray(0, whole.length).equals(whole);
          const isHeader =
            decode(whole.subarray(0, 64)) !== undefined &&
            bytes.subarray(0, 64).equals(whole.subarray(0, 64));
          if (!isPrefix && !isHeader) expect(decode(bytes)).toBeUndefined();
          else decode(bytes);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
