import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { listOffsets } from "../../../../../src/server/kafka/broker/protocol/messages/list-offsets.ts";
import { metadata } from "../../../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { NO_TOPIC_ID } from "../../../../../src/server/kafka/broker/topics.ts";
import { WireClient } from "../../../../helpers/kafka-wire.ts";
import { recordBatch } from "../../../../helpers/record-batch.ts";
import { type Answered, allBut, startTestBroker, versions } from "./broker.ts";

const named = (name: string | null, topicId = NO_TOPIC_ID) => ({ name, topicId });

describe("Metadata", () => {
  it.each(versions(metadata))("tells the broker and all topics in version %i", async (version) => {
    const { broker, call } = await startTestBroker({ defaults: { partitions: 2 } });
    await broker.topics.createOnUse("b");
    await broker.topics.createOnUse("a");
    const found = await call(metadata, { topics: version === 0 ? [] : null }, version);
    expect(found.brokers).toMatchObject([{ nodeId: 1, ...broker.addresses[0] }]);
    expect(found.topics.map(({ name }: Answered) => name)).toEqual(["a", "b"]);
    expect(found.topics[0].partitions).toMatchObject([
      { errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
      { errorCode: 0, partitionIndex: 1, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
    ]);
    if (version >= 1) expect(found.controllerId).toBe(1);
    if (version >= 2) expect(found.clusterId).toBe(broker.clusterId);
    if (version >= 10) expect(found.topics[0].topicId).toBe(broker.topics.byName("a")?.id);
  });

  it("takes an empty list for no topic, since version 1", async () => {
    const { broker, call } = await startTestBroker();
    await broker.topics.createOnUse("a");
    expect((await call(metadata, { topics: [] }, 1)).topics).toEqual([]);
  });

  it("makes topics that are asked for, if client and broker want it", async () => {
    const { call } = await startTestBroker();
    const ask = (name: string, version: number, allowAutoTopicCreation = true) =>
      call(metadata, { topics: [named(name)], allowAutoTopicCreation }, version);
    expect((await ask("a", 4, false)).topics).toMatchObject([{ errorCode: 3, name: "a", partitions: [] }]);
    expect((await ask("a", 4)).topics).toMatchObject([{ errorCode: 0, name: "a" }]);
    expect((await ask("b", 0)).topics).toMatchObject([{ errorCode: 0, name: "b" }]);
    expect((await ask("a/b", 4)).topics).toMatchObject([{ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION }]);
    const strict = await startTestBroker({ defaults: { autoCreateTopics: false } });
    const { topics } = await strict.call(metadata, { topics: [named("a")], allowAutoTopicCreation: true });
    expect(topics).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }]);
  });

  it("finds topics by their id", async () => {
    const { broker, call } = await startTestBroker();
    const { id } = await broker.topics.createOnUse("a");
    const other = `${"A".repeat(21)}Q`;
    const { topics } = await call(metadata, { topics: [named(null, id), named(null, other)] });
    expect(topics).toMatchObject([
      { errorCode: 0, name: "a", topicId: id },
      { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: other },
    ]);
  });

  it("hides what a client may not see, and says what it may do", async () => {
    const { broker, call } = await startTestBroker(allBut("describe topic hidden", "write topic a"));
    await broker.topics.createOnUse("hidden");
    await broker.topics.createOnUse("a");
    const all = await call(metadata, { topics: null, includeTopicAuthorizedOperations: true });
    expect(all.topics.map(({ name }: Answered) => name)).toEqual(["a"]);
    expect(all.topics[0].topicAuthorizedOperations & (1 << 3)).not.toBe(0);
    expect(all.topics[0].topicAuthorizedOperations & (1 << 4)).toBe(0);
    const { topics } = await call(metadata, { topics: [named("hidden"), named("a")] });
    expect(topics).toMatchObject([
      { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, partitions: [] },
      { errorCode: 0, topicAuthorizedOperations: -2147483648 },
    ]);
  });

  it("names the address that was advertised, and otherwise the one that a client reached", async () => {
    const outside = { host: "kafka.example.org", port: 19_092 };
    const listeners = [
      { host: "127.0.0.1", port: 0, advertised: outside },
      { host: "0.0.0.0", port: 0 },
    ];
    const { broker, call } = await startTestBroker({ listeners });
    expect((await call(metadata, { topics: [] })).brokers).toMatchObject([outside]);
    const port = broker.addresses[1]?.port ?? 0;
    const client = await WireClient.connect({ host: "127.0.0.1", port });
    expect((await client.call(metadata, 1, { topics: [] })).brokers).toMatchObject([
      { host: "127.0.0.1", port },
    ]);
    client.socket.destroy();
  });
});

describe("ListOffsets", () => {
  const ask = (timestamp: number, currentLeaderEpoch = -1, partitionIndex = 0) => ({
    replicaId: -1,
    topics: [{ name: "t", partitions: [{ partitionIndex, currentLeaderEpoch, timestamp }] }],
  });

  async function withRecords() {
    const test = await startTestBroker();
    const topic = await test.broker.topics.createOnUse("t");
    const log = topic.partitions[0];
    for (const timestamp of [1_000, 2_000, 3_000])
      await log?.append(recordBatch({ count: 2, timestamp }), { acks: 1 });
    await log?.deleteBefore(2);
    return {
      find: async (request: ReturnType<typeof ask>, version = 9) =>
        (await test.call(listOffsets, request, version)).topics[0].partitions[0],
    };
  }

  it.each(versions(listOffsets))(
    "finds the ends of the log, and records by time, in version %i",
    async (version) => {
      const { find } = await withRecords();
      expect(await find(ask(-1), version)).toMatchObject({ errorCode: 0, offset: 6, timestamp: -1 });
      expect(await find(ask(-2), version)).toMatchObject({ errorCode: 0, offset: 2, timestamp: -1 });
      expect(await find(ask(2_500), version)).toMatchObject({ errorCode: 0, offset: 4, timestamp: 3_000 });
      expect(await find(ask(9_000), version)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
    },
  );

  it("knows the newest record, the local start and the tiers from the version that has them", async () => {
    const { find } = await withRecords();
    expect(await find(ask(-3), 7)).toMatchObject({ errorCode: 0, offset: 5, timestamp: 3_000 });
    expect(await find(ask(-3), 6)).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION });
    expect(await find(ask(-4), 8)).toMatchObject({ errorCode: 0, offset: 2 });
    expect(await find(ask(-5), 9)).toMatchObject({ errorCode: 0, offset: -1 });
    expect(await find(ask(-6), 9)).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION });
  });

  it("refuses other epochs and partitions", async () => {
    const { find } = await withRecords();
    expect(await find(ask(-1, 5))).toMatchObject({ errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH });
    expect(await find(ask(-1, -1, 3))).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
  });
});
