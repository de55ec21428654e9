import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { createPartitions } from "../../../../../src/server/kafka/broker/protocol/messages/create-partitions.ts";
import { createTopics } from "../../../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { deleteRecords } from "../../../../../src/server/kafka/broker/protocol/messages/delete-records.ts";
import { deleteTopics } from "../../../../../src/server/kafka/broker/protocol/messages/delete-topics.ts";
import { describeCluster } from "../../../../../src/server/kafka/broker/protocol/messages/describe-cluster.ts";
import { initProducerId } from "../../../../../src/server/kafka/broker/protocol/messages/init-producer-id.ts";
import { metadata } from "../../../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { offsetCommit } from "../../../../../src/server/kafka/broker/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../../../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import { offsetForLeaderEpoch } from "../../../../../src/server/kafka/broker/protocol/messages/offset-for-leader-epoch.ts";
import { crc32c } from "../../../../../src/server/kafka/broker/records/crc32c.ts";
import { type Answered, allBut, startTestBroker, type TestBroker, versions } from "./broker.ts";

const NO_ID = "A".repeat(22);

const topic = (name: string, changes: object = {}) => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...changes,
});
const create = (...topics: object[]) => ({ topics: topics as never, timeoutMs: 1000, validateOnly: false });
const codes = (list: Answered[]) => list.map(({ errorCode }) => errorCode);

async function names({ call }: TestBroker): Promise<string[]> {
  const { topics } = await call(metadata, { topics: null });
  return topics.map(({ name }: Answered) => name);
}

describe("CreateTopics", () => {
  it.each(versions(createTopics))("makes topics in version %i", async (version) => {
    const broker = await startTestBroker();
    const asked = topic("a", { numPartitions: 3, configs: [{ name: "retention.ms", value: "5" }] });
    const { topics } = await broker.call(createTopics, create(asked), version);
    expect(topics[0]).toMatchObject({ name: "a", errorCode: 0 });
    if (version >= 5) {
      expect(topics[0]).toMatchObject({ numPartitions: 3, replicationFactor: 1, topicConfigErrorCode: 0 });
      const retention = topics[0].configs.find(({ name }: Answered) => name === "retention.ms");
      expect(retention).toMatchObject({ value: "5", configSource: 1, readOnly: false, isSensitive: false });
    }
    const known = await broker.call(metadata, { topics: null });
    expect(known.topics[0].partitions).toHaveLength(3);
    if (version >= 7) expect(topics[0].topicId).toBe(known.topics[0].topicId);
    const [again] = (await broker.call(createTopics, create(topic("a")), version)).topics;
    expect(again.errorCode).toBe(ErrorCode.TOPIC_ALREADY_EXISTS);
  });

  it("decides where -1 asks it to, and takes an assignment to itself", async () => {
    const broker = await startTestBroker({ defaults: { partitions: 4 } });
    const byDefault = topic("a", { numPartitions: -1, replicationFactor: -1 });
    const assignments = [1, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }));
    const assigned = topic("b", { numPartitions: -1, replicationFactor: -1, assignments });
    const { topics } = await broker.call(createTopics, create(byDefault, assigned));
    expect(topics.map(({ numPartitions }: Answered) => numPartitions)).toEqual([4, 2]);
  });

  it.each([
    ["no name", topic(""), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["a name of 30,000 characters", topic("x".repeat(30_000)), ErrorCode.INVALID_TOPIC_EXCEPTION],
    ["no partition", topic("a", { numPartitions: 0 }), ErrorCode.INVALID_PARTITIONS],
    ["too many partitions", topic("a", { numPartitions: 10_001 }), ErrorCode.INVALID_PARTITIONS],
    ["two replicas", topic("a", { replicationFactor: 2 }), ErrorCode.INVALID_REPLICATION_FACTOR],
    ["no replica", topic("a", { replicationFactor: 0 }), ErrorCode.INVALID_REPLICATION_FACTOR],
    ["a strange setting", topic("a", { configs: [{ name: "x", value: "1" }] }), ErrorCode.INVALID_CONFIG],
    [
      "an empty setting",
      topic("a", { configs: [{ name: "segment.ms", value: null }] }),
      ErrorCode.INVALID_CONFIG,
    ],
    [
      "another broker",
      topic("a", {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [2] }],
      }),
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      "a gap in the assignment",
      topic("a", {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 1, brokerIds: [1] }],
      }),
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      "assignment and number",
      topic("a", { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }),
      ErrorCode.INVALID_REQUEST,
    ],
  ])("refuses %s, and makes the others", async (_, refused, code) => {
    const broker = await startTestBroker();
    const { topics } = await broker.call(createTopics, create(refused, topic("good")), 4);
    expect(codes(topics)).toEqual([code, ErrorCode.NONE]);
    expect(topics[0].errorMessage).toMatch(/\w/);
    expect(await names(broker)).toEqual(["good"]);
  });

  it("answers a name that is there twice once, and makes nothing of it", async () => {
    const broker = await startTestBroker();
    const { topics } = await broker.call(createTopics, create(topic("a"), topic("a"), topic("b")));
    expect(topics.map(({ name, errorCode }: Answered) => [name, errorCode])).toEqual([
      ["a", ErrorCode.INVALID_REQUEST],
      ["b", ErrorCode.NONE],
    ]);
  });

  it("only looks when asked to validate", async () => {
    const broker = await startTestBroker();
    const request = { ...create(topic("a"), topic("b", { numPartitions: 0 })), validateOnly: true };
    const { topics } = await broker.call(createTopics, request);
    expect(codes(topics)).toEqual([ErrorCode.NONE, ErrorCode.INVALID_PARTITIONS]);
    expect(topics[0].topicId).toBe(NO_ID);
    expect([await names(broker), broker.logs.partitions.size]).toEqual([[], 0]);
  });
});

describe("DeleteTopics", () => {
  it.each(versions(deleteTopics))(
    "removes topics with their logs and offsets in version %i",
    async (version) => {
      const broker = await startTestBroker();
      const { call, logs } = broker;
      const made = (await call(createTopics, create(topic("a", { numPartitions: 2 })))).topics[0];
      const partition = {
        partitionIndex: 0,
        committedOffset: 5,
        committedLeaderEpoch: -1,
        committedMetadata: "",
      };
      const group = { groupId: "g", memberId: "", generationIdOrMemberEpoch: -1, groupInstanceId: null };
      const topics = [{ name: "a", partitions: [{ ...partition, commitTimestamp: -1 }] }];
      await call(offsetCommit, { ...group, topics });
      const byName = [
        { name: "a", topicId: NO_ID },
        { name: "none", topicId: NO_ID },
      ];
      const request =
        version < 6 ? { topicNames: ["a", "none"], timeoutMs: 1 } : { topics: byName, timeoutMs: 1 };
      const { responses } = await call(deleteTopics, request, version);
      expect(codes(responses)).toEqual([ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
      if (version >= 6) expect(responses[0].topicId).toBe(made.topicId);
      expect([await names(broker), logs.partitions.size]).toEqual([[], 0]);
      await expect
        .poll(async () => {
          const asked = { groupId: "g", memberId: null, memberEpoch: -1, topics: null };
          return (await call(offsetFetch, { groups: [asked] })).groups[0].topics;
        })
        .toEqual([]);
    },
  );

  it("removes by id, and refuses an id that is unknown or comes with a name", async () => {
    const broker = await startTestBroker();
    const { topicId } = (await broker.call(createTopics, create(topic("a")))).topics[0];
    const asked = [
      { name: null, topicId: `${"B".repeat(21)}A` },
      { name: "a", topicId },
      { name: null, topicId },
    ];
    const { responses } = await broker.call(deleteTopics, { topics: asked, timeoutMs: 1 });
    expect(responses.map(({ name, errorCode }: Answered) => [name, errorCode])).toEqual([
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
      ["a", ErrorCode.INVALID_REQUEST],
      ["a", ErrorCode.NONE],
    ]);
  });
});

describe("CreatePartitions", () => {
  const add = (name: string, count: number, assignments: Answered = null) => ({ name, count, assignments });

  it.each(versions(createPartitions))("adds partitions in version %i", async (version) => {
    const { call, logs } = await startTestBroker();
    await call(createTopics, create(topic("a")));
    const request = { topics: [add("a", 3), add("none", 3)], timeoutMs: 1, validateOnly: false };
    const { results } = await call(createPartitions, request, version);
    expect(codes(results)).toEqual([ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect((await call(metadata, { topics: null })).topics[0].partitions).toHaveLength(3);
    expect(logs.partitions.size).toBe(3);
  });

  it("refuses fewer, as many, too many, other brokers, and a name that is there twice", async () => {
    const { call } = await startTestBroker();
    const all = ["a", "b", "c", "d", "e", "f"].map((name) => topic(name, { numPartitions: 2 }));
    await call(createTopics, create(...all));
    const topics = [
      add("a", 1),
      add("b", 2),
      add("c", 20_000),
      add("d", 3, [{ brokerIds: [2] }]),
      add("e", 4, [{ brokerIds: [1] }]),
      add("f", 3),
      add("f", 4),
    ];
    const { results } = await call(createPartitions, { topics, timeoutMs: 1, validateOnly: false });
    expect(codes(results)).toEqual([
      ErrorCode.INVALID_PARTITIONS,
      ErrorCode.INVALID_PARTITIONS,
      ErrorCode.INVALID_PARTITIONS,
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      ErrorCode.INVALID_REQUEST,
      ErrorCode.INVALID_REQUEST,
    ]);
    const only = { topics: [add("a", 9)], timeoutMs: 1, validateOnly: true };
    expect(codes((await call(createPartitions, only)).results)).toEqual([ErrorCode.NONE]);
    for (const { partitions } of (await call(metadata, { topics: null })).topics) {
      expect(partitions).toHaveLength(2);
    }
  });
});

/** A batch of so many records, which a broker does not look into. */
function batchOf(records: number): Buffer {
  const batch = Buffer.alloc(61);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt8(2, 16);
  batch.writeInt32BE(records - 1, 23);
  batch.writeBigInt64BE(-1n, 43);
  batch.writeInt16BE(-1, 51);
  batch.writeInt32BE(-1, 53);
  batch.writeInt32BE(records, 57);
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}

describe("DeleteRecords", () => {
  it.each(versions(deleteRecords))("raises the start of partitions in version %i", async (version) => {
    const { broker, call } = await startTestBroker();
    await call(createTopics, create(topic("a", { numPartitions: 4 })));
    for (const partition of broker.topics.byName("a")?.partitions ?? []) {
      await partition.append(batchOf(10), { acks: 1 });
    }
    const partitions = [4, -1, 11, -2, 1].map((offset, partitionIndex) => ({ partitionIndex, offset }));
    const { topics } = await call(
      deleteRecords,
      { topics: [{ name: "a", partitions }], timeoutMs: 1 },
      version,
    );
    expect(topics[0].partitions.map(Object.values)).toEqual([
      [0, 4, ErrorCode.NONE],
      [1, 10, ErrorCode.NONE],
      [2, -1, ErrorCode.OFFSET_OUT_OF_RANGE],
      [3, -1, ErrorCode.OFFSET_OUT_OF_RANGE],
      [4, -1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ]);
    const lower = { name: "a", partitions: [{ partitionIndex: 0, offset: 2 }] };
    const again = await call(deleteRecords, { topics: [lower], timeoutMs: 1 }, version);
    expect(again.topics[0].partitions[0]).toMatchObject({ lowWatermark: 4, errorCode: 0 });
  });
});

describe("InitProducerId", () => {
  it.each(versions(initProducerId))("gives each producer its own id in version %i", async (version) => {
    const { call } = await startTestBroker();
    const request = { transactionalId: null, transactionTimeoutMs: 1, producerId: -1, producerEpoch: -1 };
    const answers = [
      await call(initProducerId, request, version),
      await call(initProducerId, request, version),
    ];
    expect(codes(answers)).toEqual([0, 0]);
    expect(answers.map(({ producerEpoch }) => producerEpoch)).toEqual([0, 0]);
    expect(answers[0].producerId).not.toBe(answers[1].producerId);
  });

  it("refuses transactions with an error that clients take as final", async () => {
    const { call } = await startTestBroker();
    const answer = await call(initProducerId, {
      transactionalId: "t",
      transactionTimeoutMs: 1,
      producerId: -1,
      producerEpoch: -1,
    });
    expect(answer).toMatchObject({
      errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      producerId: -1,
    });
  });
});

describe("DescribeCluster and OffsetForLeaderEpoch", () => {
  it.each(versions(describeCluster))("name the broker in version %i", async (version) => {
    const { broker, call } = await startTestBroker();
    const answer = await call(
      describeCluster,
      { includeClusterAuthorizedOperations: true, endpointType: 1 },
      version,
    );
    expect(answer).toMatchObject({
      errorCode: 0,
      clusterId: broker.clusterId,
      controllerId: 1,
      brokers: [{ brokerId: 1, ...broker.addresses[0] }],
    });
    expect(answer.clusterAuthorizedOperations).toBeGreaterThan(0);
  });

  it("have no controllers of their own to name", async () => {
    const { call } = await startTestBroker();
    const answer = await call(describeCluster, {
      includeClusterAuthorizedOperations: false,
      endpointType: 2,
    });
    expect(answer.errorCode).toBe(ErrorCode.MISMATCHED_ENDPOINT_TYPE);
  });

  it.each(versions(offsetForLeaderEpoch))("tell where an epoch ended in version %i", async (version) => {
    const { broker, call } = await startTestBroker();
    await call(createTopics, create(topic("a")));
    await broker.topics.byName("a")?.partitions[0]?.append(batchOf(3), { acks: 1 });
    const partitions = [
      { partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 },
      { partition: 0, currentLeaderEpoch: 9, leaderEpoch: 0 },
      { partition: 1, currentLeaderEpoch: -1, leaderEpoch: 0 },
    ];
    const answer = await call(
      offsetForLeaderEpoch,
      { replicaId: -1, topics: [{ topic: "a", partitions }] },
      version,
    );
    expect(answer.topics[0].partitions).toMatchObject([
      { errorCode: 0, leaderEpoch: 0, endOffset: 3 },
      { errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH },
      { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
  });
});

describe("topics that a principal may not change", () => {
  it("are refused in each API", async () => {
    const broker = await startTestBroker(
      allBut(
        "create cluster kafka-cluster",
        "create topic a",
        "delete topic b",
        "alter topic b",
        "describe topic b",
        "idempotentWrite cluster kafka-cluster",
      ),
    );
    const { call } = broker;
    const code = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    const made = (await call(createTopics, create(topic("a"), topic("b")))).topics;
    expect(codes(made)).toEqual([code, ErrorCode.NONE]);
    const byId = { name: null, topicId: made[1].topicId };
    const removed = await call(deleteTopics, { topics: [{ name: "b", topicId: NO_ID }, byId], timeoutMs: 1 });
    expect(codes(removed.responses)).toEqual([code, ErrorCode.UNKNOWN_TOPIC_ID]);
    expect(removed.responses[1].name).toBeNull();
    const grown = { topics: [{ name: "b", count: 5, assignments: null }], timeoutMs: 1, validateOnly: false };
    expect(codes((await call(createPartitions, grown)).results)).toEqual([code]);
    const records = [{ name: "b", partitions: [{ partitionIndex: 0, offset: 0 }] }];
    expect(
      (await call(deleteRecords, { topics: records, timeoutMs: 1 })).topics[0].partitions[0].errorCode,
    ).toBe(code);
    const epochs = [{ topic: "b", partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }] }];
    expect(
      (await call(offsetForLeaderEpoch, { replicaId: -1, topics: epochs })).topics[0].partitions[0].errorCode,
    ).toBe(code);
    const producer = { transactionalId: null, transactionTimeoutMs: 1, producerId: -1, producerEpoch: -1 };
    expect((await call(initProducerId, producer)).errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  });
});
