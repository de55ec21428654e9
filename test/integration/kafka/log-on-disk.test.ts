import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/server/kafka/broker/clock.ts";
import { openLogStore } from "../../../src/server/kafka/broker/index.ts";
import { topicConfig } from "../../../src/server/kafka/broker/meta/topic-config.ts";
import { buildBatch, readRecords } from "../../../src/server/kafka/broker/records/records.ts";
import { mountSmallDisk, noSmallDisk } from "../../helpers/small-disk.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };
const config = topicConfig({ "segment.bytes": "1048576", "file.delete.delay.ms": "0" }, {});

const batch = (id: number) =>
  buildBatch([{ timestamp: Date.now(), key: Buffer.from(String(id)), value: Buffer.alloc(200_000, id) }]);

describe("a log on a disk that fills up", () => {
  it("refuses what has no room, serves what it has, and goes on when there is room again", async ({
    skip,
  }) => {
    if (noSmallDisk !== undefined) skip(noSmallDisk);
    const dir = join(await makeTempDir(), "disk");
    mountSmallDisk(dir, 6);
    const store = await openLogStore({ dir, clock: systemClock, fsync: "always", log });
    const partition = await store.open("t", 0, config);
    let written = 0;
    const fill = async () => {
      for (;;) {
        try {
          await partition.append(batch(written), { acks: -1 });
        } catch (error) {
          return error;
        }
        written++;
      }
    };
    expect(await fill()).toMatchObject({ code: 56 });
    expect(written).toBeGreaterThan(20);
    const ids = [];
    for (let offset = 0; offset < partition.logEnd; offset++) {
      const [found] = await partition.read(offset, { maxBytes: 0, atLeastOne: true });
      for (const { key } of readRecords(found as Buffer)) ids.push(Number(key?.toString()));
    }
    expect(ids).toEqual(Array.from({ length: written }, (_, id) => id));

    // What it could not write at its orderly end it finds out again.
    await store.close().catch(() => {});
    const again = await openLogStore({ dir, clock: systemClock, fsync: "always", log });
    const reopened = await again.open("t", 0, config);
    expect(reopened.logEnd).toBe(written);
    await again.remove("t", 0);
    const fresh = await again.open("t", 0, config);
    expect(await fresh.append(batch(0), { acks: -1 })).toMatchObject({ baseOffset: 0 });
    await again.close();
  });
});
