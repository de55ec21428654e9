import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openMetaStore } from "../../../../../src/server/kafka/broker/meta/meta-store.ts";
import type { StoredTopic } from "../../../../../src/server/kafka/broker/meta/records.ts";
import type { TopicLogs } from "../../../../../src/server/kafka/broker/meta/topic-registry.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

/** Which partitions there are; a removal can be made to break off. */
class Partitions implements TopicLogs {
  readonly all = new Map<string, number>();
  readonly retention = new Map<string, number>();
  breaks = false;

  async ensure({ name, partitions }: StoredTopic, { retentionMs }: { retentionMs: number }): Promise<void> {
    this.all.set(name, partitions);
    this.retention.set(name, retentionMs);
  }

  async remove({ name }: StoredTopic): Promise<void> {
    if (this.breaks) throw new Error("the power failed");
    this.all.delete(name);
  }
}

const open = async (directory: string, logs = new Partitions()) => ({
  logs,
  ...(await openMetaStore({
    directory,
    clock: new SimulatedClock(),
    logs,
    defaultPartitions: 3,
    defaultConfigs: { "retention.ms": "1000" },
    maxPartitions: 100,
  })),
});

describe("the topics of a broker", () => {
  it("are there after a restart with their ids, partitions and settings", async () => {
    const directory = await makeTempDir();
    const first = await open(directory);
    await first.topics.create({ name: "a", partitions: 2, configs: { "retention.ms": "5" } });
    await first.topics.create({ name: "b" });
    await first.topics.addPartitions("b", 5);
    await first.topics.configure("a", (before) => ({ ...before, "segment.bytes": "2000000" }));
    await first.topics.create({ name: "gone" });
    await first.topics.remove("gone");
    await first.close();

    const second = await open(directory);
    expect(second.topics.list()).toEqual(first.topics.list());
    expect(second.topics.get("a")?.configs).toEqual({ "retention.ms": "5", "segment.bytes": "2000000" });
    expect(second.topics.byId(first.topics.get("b")?.id ?? "")?.partitions).toBe(5);
    expect(second.topics.get("gone")).toBeUndefined();
    expect(second.clusterId).toBe(first.clusterId);
    expect(Object.fromEntries(second.logs.all)).toEqual({ a: 2, b: 5 });
    expect(Object.fromEntries(second.logs.retention)).toEqual({ a: 5, b: 1000 });
    await second.close();
  });

  it("get a new id when they are made again", async () => {
    const { topics, close } = await open(await makeTempDir());
    const { id } = await topics.create({ name: "a" });
    await topics.remove("a");
    expect((await topics.create({ name: "a" })).id).not.toBe(id);
    expect(topics.byId(id)).toBeUndefined();
    await close();
  });

  it("are made once, however many ask at once", async () => {
    const { topics, close } = await open(await makeTempDir());
    const made = await Promise.all(Array.from({ length: 10 }, () => topics.getOrCreate("a")));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    const twice = await Promise.allSettled([topics.create({ name: "b" }), topics.create({ name: "b" })]);
    expect(twice.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await close();
  });

  it("are removed for good when that was interrupted", async () => {
    const directory = await makeTempDir();
    const first = await open(directory);
    await first.topics.create({ name: "a" });
    first.logs.breaks = true;
    await expect(first.topics.remove("a")).rejects.toThrow("the power failed");
    expect(first.topics.get("a")).toBeUndefined();
    await expect(first.topics.create({ name: "a" })).rejects.toMatchObject({
      code: ErrorCode.TOPIC_ALREADY_EXISTS,
    });
    await first.close();
    first.logs.breaks = false;
    const second = await open(directory, first.logs);
    expect(second.logs.all.size).toBe(0);
    await second.topics.create({ name: "a" });
    await second.close();
  });

  it.each([
    ["", ErrorCode.INVALID_TOPIC_EXCEPTION],
    [".", ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["..", ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["a/b", ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["ä", ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["x".repeat(250), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["a.b", ErrorCode.TOPIC_ALREADY_EXISTS],
    ["a_b", ErrorCode.INVALID_TOPIC_EXCEPTION],
  ])("cannot be called %j", async (name, code) => {
    const { topics, close } = await open(await makeTempDir());
    await topics.create({ name: "a.b" });
    await expect(topics.create({ name })).rejects.toMatchObject({ code });
    await expect(
      topics.getOrCreate(name).then((topic) => {
        if (topic.name === "a.b") throw Object.assign(new Error(), { code });
      }),
    ).rejects.toMatchObject({ code });
    expect(topics.list().map((topic) => topic.name)).toEqual(["a.b"]);
    await close();
  });

  it("have at least one partition, more only by growing, and no more than the broker allows", async () => {
    const { topics, close } = await open(await makeTempDir());
    const refused = { code: ErrorCode.INVALID_PARTITIONS };
    await expect(topics.create({ name: "a", partitions: 0 })).rejects.toMatchObject(refused);
    await expect(topics.create({ name: "a", partitions: 101 })).rejects.toMatchObject(refused);
    await topics.create({ name: "a", partitions: 60 });
    await expect(topics.addPartitions("a", 60)).rejects.toMatchObject(refused);
    await expect(topics.create({ name: "b", partitions: 41 })).rejects.toMatchObject(refused);
    await topics.remove("a");
    await topics.create({ name: "b", partitions: 41 });
    await expect(topics.addPartitions("a", 70)).rejects.toMatchObject({
      code: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
    await close();
  });

  it("refuses to start over a damaged meta.json, and says which file it is", async () => {
    const directory = await makeTempDir();
    await writeFile(join(directory, "meta.json"), "{");
    await expect(open(directory)).rejects.toThrow(/meta\.json is damaged/);
  });
});

describe("producer ids", () => {
  it("are never given out twice, across restarts and torn tails", async () => {
    const directory = await makeTempDir();
    const given = new Set<number>();
    let total = 0;
    for (let round = 0; round < 4; round++) {
      const { producerIds, close, cut } = await open(directory);
      expect(cut).toBe(round === 0 ? 0 : 4);
      for (const id of await Promise.all(Array.from({ length: 1500 }, () => producerIds.next())))
        given.add(id);
      total += 1500;
      await close();
      await appendFile(join(directory, "meta.log"), "torn");
    }
    expect(given.size).toBe(total);
  });
});
