import { alterConfigs } from "../../../../src/server/kafka/broker/protocol/messages/alter-configs.ts";
import { apiVersions } from "../../../../src/server/kafka/broker/protocol/messages/api-versions.ts";
import { createPartitions } from "../../../../src/server/kafka/broker/protocol/messages/create-partitions.ts";
import { createTopics } from "../../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { deleteGroups } from "../../../../src/server/kafka/broker/protocol/messages/delete-groups.ts";
import { deleteRecords } from "../../../../src/server/kafka/broker/protocol/messages/delete-records.ts";
import { deleteTopics } from "../../../../src/server/kafka/broker/protocol/messages/delete-topics.ts";
import { describeConfigs } from "../../../../src/server/kafka/broker/protocol/messages/describe-configs.ts";
import { describeGroups } from "../../../../src/server/kafka/broker/protocol/messages/describe-groups.ts";
import { fetch } from "../../../../src/server/kafka/broker/protocol/messages/fetch.ts";
import { findCoordinator } from "../../../../src/server/kafka/broker/protocol/messages/find-coordinator.ts";
import { heartbeat } from "../../../../src/server/kafka/broker/protocol/messages/heartbeat.ts";
import { incrementalAlterConfigs } from "../../../../src/server/kafka/broker/protocol/messages/incremental-alter-configs.ts";
import { joinGroup } from "../../../../src/server/kafka/broker/protocol/messages/join-group.ts";
import { leaveGroup } from "../../../../src/server/kafka/broker/protocol/messages/leave-group.ts";
import { listOffsets } from "../../../../src/server/kafka/broker/protocol/messages/list-offsets.ts";
import { metadata } from "../../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { offsetCommit } from "../../../../src/server/kafka/broker/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../../../../src/server/kafka/broker/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import { offsetForLeaderEpoch } from "../../../../src/server/kafka/broker/protocol/messages/offset-for-leader-epoch.ts";
import { produce } from "../../../../src/server/kafka/broker/protocol/messages/produce.ts";
import { syncGroup } from "../../../../src/server/kafka/broker/protocol/messages/sync-group.ts";
import type { Api } from "../../../../src/server/kafka/broker/protocol/schema.ts";
import { buildBatch } from "../../../../src/server/kafka/broker/records/records.ts";

/** A request that a broker refuses, or answers in a way that one would not guess. */
export interface OddRequest {
  readonly title: string;
  readonly api: Api;
  readonly version: number;
  readonly request: unknown;
  /** Fields of the answer in which brokers may differ. */
  readonly besides?: readonly string[];
}

/** A topic of one partition with three records, which is there when the requests come. */
export const TOPIC = "there";
/** The times of its records. */
export const TIMES = [1_000, 2_000, 3_000] as const;

const MISSING = "missing";
const NO_ID = "A".repeat(22);

export const batch = (times: readonly number[] = [1_000], options: Parameters<typeof buildBatch>[1] = {}) =>
  buildBatch(
    times.map((timestamp) => ({ timestamp, key: Buffer.from("k"), value: Buffer.from("v") })),
    options,
  );

const tooLarge = buildBatch([{ timestamp: 1_000, key: null, value: Buffer.alloc(1_100_000) }]);

/** The same batch with a byte changed and no new checksum. */
function damaged(at: number, value: number): Buffer {
  const bytes = Buffer.from(batch());
  bytes[at] = value;
  return bytes;
}

function producing(title: string, version: number, records: Buffer | null, given: object = {}): OddRequest {
  const { topic = TOPIC, index = 0, acks = -1 } = given as { topic?: string; index?: number; acks?: number };
  const topicData = [{ name: topic, partitionData: [{ index, records }] }];
  return {
    title,
    api: produce,
    version,
    request: { transactionalId: null, acks, timeoutMs: 5_000, topicData },
  };
}

function fetching(title: string, version: number, given: object): OddRequest {
  const { topic = TOPIC, topicId = NO_ID, session = {}, ...partition } = given as Record<string, unknown>;
  const partitions = [
    {
      partition: 0,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      fetchOffset: 0,
      ...partition,
    },
  ].map((one) => ({ partitionMaxBytes: 1_000_000, replicaDirectoryId: NO_ID, ...one }));
  const request = {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, topicId, partitions }],
    forgottenTopicsData: [],
    rackId: "",
    ...(session as object),
  };
  return { title, api: fetch, version, request };
}

function listing(title: string, timestamp: number, given: object = {}): OddRequest {
  const { topic = TOPIC, version = 9, ...partition } = given as { topic?: string; version?: number };
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp, ...partition }];
  const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] };
  return { title, api: listOffsets, version, request };
}

function creating(title: string, topic: object, options: object = {}): OddRequest {
  const whole = {
    name: "new",
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...topic,
  };
  const request = { topics: [whole], timeoutMs: 5_000, validateOnly: true, ...options };
  return { title, api: createTopics, version: 7, request, besides: ["configs", "topicId"] };
}

function joining(title: string, version: number, given: object): OddRequest {
  const request = {
    groupId: "g-join",
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: "",
    groupInstanceId: null,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.alloc(6) }],
    reason: null,
    ...given,
  };
  return { title, api: joinGroup, version, request };
}

function committing(title: string, given: object, partition: object = {}): OddRequest {
  const partitions = [
    { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: "", ...partition },
  ];
  const { topic = TOPIC, ...rest } = given as { topic?: string };
  const request = {
    groupId: "g-commit",
    generationIdOrMemberEpoch: -1,
    memberId: "",
    groupInstanceId: null,
    topics: [{ name: topic, partitions }],
    ...rest,
  };
  return { title, api: offsetCommit, version: 8, request };
}

const altering = (title: string, name: string, value: string | null, operation = 0): OddRequest => {
  const configs = [{ name, configOperation: operation, value }];
  const request = { resources: [{ resourceType: 2, resourceName: TOPIC, configs }], validateOnly: true };
  return { title, api: incrementalAlterConfigs, version: 1, request };
};

const replacing = (title: string, resourceName: string, configs: object[]): OddRequest => ({
  title,
  api: alterConfigs,
  version: 2,
  request: { resources: [{ resourceType: 2, resourceName, configs }], validateOnly: true },
});

const describing = (title: string, resource: object): OddRequest => ({
  title,
  api: describeConfigs,
  version: 4,
  request: {
    resources: [{ resourceType: 2, resourceName: TOPIC, configurationKeys: ["retention.ms"], ...resource }],
    includeSynonyms: false,
    includeDocumentation: false,
  },
});

const partitions = (title: string, topic: object): OddRequest => ({
  title,
  api: createPartitions,
  version: 3,
  request: {
    topics: [{ name: TOPIC, count: 2, assignments: null, ...topic }],
    timeoutMs: 5_000,
    validateOnly: true,
  },
});

const deleting = (title: string, offset: number, topic = TOPIC): OddRequest => ({
  title,
  api: deleteRecords,
  version: 2,
  request: {
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }],
    timeoutMs: 5_000,
  },
});

const epochs = (title: string, partition: object, topic = TOPIC): OddRequest => ({
  title,
  api: offsetForLeaderEpoch,
  version: 4,
  request: {
    replicaId: -2,
    topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0, ...partition }] }],
  },
});

const named = (clientSoftwareName: string) => ({ clientSoftwareName, clientSoftwareVersion: "1" });
const member = { groupId: "g-none", generationId: 1, memberId: "nobody", groupInstanceId: null };

export const ODD_REQUESTS: readonly OddRequest[] = [
  { title: "a software name with a space", api: apiVersions, version: 3, request: named("a b") },
  { title: "an empty software name", api: apiVersions, version: 3, request: named("") },

  ...[0, 1, 4, 12].map((version) => ({
    title: `metadata of an illegal topic, version ${version}`,
    api: metadata,
    version,
    request: { topics: [{ topicId: NO_ID, name: "no spaces" }], allowAutoTopicCreation: false },
  })),
  {
    title: "metadata of a topic that is not to be made",
    api: metadata,
    version: 12,
    request: { topics: [{ topicId: NO_ID, name: MISSING }], allowAutoTopicCreation: false },
  },
  {
    title: "metadata by an unknown id",
    api: metadata,
    version: 12,
    request: { topics: [{ topicId: "AAAAAAAAAAAAAAAAAAAAAQ", name: null }], allowAutoTopicCreation: false },
  },

  producing("produce with two acknowledgements", 9, batch(), { acks: 2 }),
  producing("produce to an unknown topic", 9, batch(), { topic: MISSING }),
  producing("produce to an unknown partition", 9, batch(), { index: 7 }),
  producing("produce a damaged batch", 9, damaged(62, 0xff)),
  producing("produce a batch with an unknown magic", 9, damaged(16, 3)),
  producing("produce a batch of magic 1", 9, damaged(16, 1)),
  producing("produce two batches at once", 9, Buffer.concat([batch(), batch()])),
  producing("produce half of a batch", 9, batch().subarray(0, 65)),
  producing("produce less than a header", 9, batch().subarray(0, 20)),
  producing("produce no bytes", 9, Buffer.alloc(0)),
  producing("produce a batch that is too large", 9, tooLarge),
  producing("produce zstd to a version that has none", 6, batch([1_000], { codec: "zstd" })),
  producing("produce with an acknowledgement of no one, wrongly", 9, damaged(62, 0xff), { acks: 0 }),

  fetching("fetch an unknown topic", 11, { topic: MISSING }),
  fetching("fetch an unknown topic id", 13, { topicId: "AAAAAAAAAAAAAAAAAAAAAQ" }),
  fetching("fetch an unknown partition", 11, { partition: 7 }),
  fetching("fetch beyond the end", 11, { fetchOffset: 99 }),
  fetching("fetch before the start", 11, { fetchOffset: -1 }),
  fetching("fetch at the end", 11, { fetchOffset: 3 }),
  fetching("fetch in the middle of a batch", 11, { fetchOffset: 1 }),
  fetching("fetch fewer bytes than a batch has", 11, { partitionMaxBytes: 1 }),
  fetching("fetch with an epoch of the future", 11, { currentLeaderEpoch: 99 }),
  fetching("fetch in an unknown session", 11, { session: { sessionId: 77, sessionEpoch: 5 } }),
  fetching("fetch only what is committed", 11, { session: { isolationLevel: 1 } }),

  listing("the latest offset", -1),
  listing("the earliest offset", -2),
  listing("the offset of the latest time", -3),
  listing("the earliest local offset", -4),
  listing("the latest offset elsewhere", -5),
  listing("an offset of an unknown kind", -9),
  listing("the offset of a time", 1_500),
  listing("the offset of a time, version 1", 1_500, { version: 1 }),
  listing("the offset of a time after all", 9_999),
  listing("offsets of an unknown topic", -1, { topic: MISSING }),
  listing("offsets with an epoch of the future", -1, { currentLeaderEpoch: 99 }),

  {
    title: "the coordinator of an unknown kind",
    api: findCoordinator,
    version: 3,
    request: { key: "x", keyType: 9 },
  },
  {
    title: "coordinators of no group",
    api: findCoordinator,
    version: 4,
    request: { keyType: 0, coordinatorKeys: [] },
  },

  joining("join with a short session", 5, { sessionTimeoutMs: 10 }),
  joining("join with a long session", 5, { sessionTimeoutMs: 10_000_000 }),
  joining("join a group without a name", 5, { groupId: "" }),
  joining("join without protocols", 5, { protocols: [] }),
  joining("join without a type of protocol", 5, { protocolType: "" }),
  joining("join as an unknown member", 5, { memberId: "nobody" }),
  joining("join as an unknown static member", 5, { memberId: "nobody", groupInstanceId: "me" }),
  { title: "sync as an unknown member", api: syncGroup, version: 5, request: { ...member, assignments: [] } },
  {
    title: "sync a group without a name",
    api: syncGroup,
    version: 3,
    request: { ...member, groupId: "", assignments: [] },
  },
  { title: "heartbeat of an unknown member", api: heartbeat, version: 4, request: member },
  {
    title: "heartbeat in a group without a name",
    api: heartbeat,
    version: 4,
    request: { ...member, groupId: "" },
  },
  ...[1, 3, 5].map((version) => ({
    title: `leave as an unknown member, version ${version}`,
    api: leaveGroup,
    version,
    request: { ...member, members: [{ memberId: "nobody", groupInstanceId: null, reason: null }] },
  })),
  {
    title: "leave as an unknown static member",
    api: leaveGroup,
    version: 4,
    request: { groupId: "g-none", members: [{ memberId: "", groupInstanceId: "me" }] },
  },

  committing("commit as an unknown member", { memberId: "nobody", generationIdOrMemberEpoch: 4 }),
  committing("commit without a member", {}),
  committing("commit to an unknown topic", { topic: MISSING }),
  committing("commit to an unknown partition", {}, { partitionIndex: 7 }),
  committing("commit with too much metadata", {}, { committedMetadata: "m".repeat(5_000) }),
  {
    title: "offsets of an unknown group",
    api: offsetFetch,
    version: 5,
    request: { groupId: "g-none", topics: [{ name: TOPIC, partitionIndexes: [0] }] },
  },
  {
    title: "all offsets of an unknown group",
    api: offsetFetch,
    version: 8,
    request: { groups: [{ groupId: "g-none", topics: null }], requireStable: false },
  },
  {
    title: "offsets of an unknown topic",
    api: offsetFetch,
    version: 7,
    request: { groupId: "g-none", topics: [{ name: MISSING, partitionIndexes: [3] }], requireStable: false },
  },
  ...[0, 4, 5].map((version) => ({
    title: `describe an unknown group, version ${version}`,
    api: describeGroups,
    version,
    request: { groups: ["g-none"], includeAuthorizedOperations: false },
  })),
  { title: "delete an unknown group", api: deleteGroups, version: 2, request: { groupsNames: ["g-none"] } },
  {
    title: "delete offsets of an unknown group",
    api: offsetDelete,
    version: 0,
    request: { groupId: "g-none", topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0 }] }] },
  },

  creating("create a topic that exists", { name: TOPIC }),
  creating("create a topic without a name", { name: "" }),
  creating("create a topic with too long a name", { name: "n".repeat(250) }),
  creating("create a topic without partitions", { numPartitions: 0 }),
  creating("create a topic with the usual partitions", { numPartitions: -1, replicationFactor: -1 }),
  creating("create a topic on two brokers", { replicationFactor: 2 }),
  creating("create a topic on no broker", { replicationFactor: 0 }),
  creating("create a topic with an unknown setting", { configs: [{ name: "no.such", value: "1" }] }),
  creating("create a topic with a wrong value", { configs: [{ name: "retention.ms", value: "soon" }] }),
  creating("create a topic with a value too small", { configs: [{ name: "segment.bytes", value: "1" }] }),
  creating("create a topic with a null value", { configs: [{ name: "retention.ms", value: null }] }),
  creating("create a topic with an assignment", {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [1] }],
  }),
  creating("create a topic with an assignment to an unknown broker", {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [5] }],
  }),
  creating("create a topic with an assignment and a number", {
    assignments: [{ partitionIndex: 0, brokerIds: [1] }],
  }),
  creating(
    "create a topic twice in a request",
    {},
    {
      topics: ["twice", "twice"].map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
    },
  ),
  ...[1, 5].map((version) => ({
    title: `delete an unknown topic, version ${version}`,
    api: deleteTopics,
    version,
    request: { topicNames: [MISSING], timeoutMs: 5_000 },
  })),
  {
    title: "delete an unknown topic by its id",
    api: deleteTopics,
    version: 6,
    request: { topics: [{ name: null, topicId: "AAAAAAAAAAAAAAAAAAAAAQ" }], timeoutMs: 5_000 },
  },
  {
    title: "delete a topic by name and by id",
    api: deleteTopics,
    version: 6,
    request: { topics: [{ name: TOPIC, topicId: "AAAAAAAAAAAAAAAAAAAAAQ" }], timeoutMs: 5_000 },
  },
  partitions("more partitions", { count: 3 }),
  partitions("as many partitions as before", { count: 1 }),
  partitions("no partitions", { count: 0 }),
  partitions("partitions of an unknown topic", { name: MISSING }),
  partitions("partitions on an unknown broker", { assignments: [{ brokerIds: [5] }] }),
  partitions("partitions with too few assignments", { count: 3, assignments: [{ brokerIds: [1] }] }),
  deleting("delete records beyond the end", 99),
  deleting("delete records before a negative offset", -5),
  deleting("delete records of an unknown topic", 1, MISSING),
  epochs("the end of an epoch", {}),
  epochs("the end of an epoch of the future", { leaderEpoch: 99 }),
  epochs("the end of an epoch, knowing too much", { currentLeaderEpoch: 99 }),
  epochs("the end of an epoch of an unknown topic", {}, MISSING),

  describing("settings of an unknown topic", { resourceName: MISSING }),
  describing("settings of a topic with an illegal name", { resourceName: "no spaces" }),
  describing("one setting of a topic", {}),
  describing("a setting that there is not", { configurationKeys: ["no.such"] }),
  describing("settings of an unknown broker", { resourceType: 4, resourceName: "5" }),
  describing("settings of a broker whose name is no number", { resourceType: 4, resourceName: "five" }),
  describing("settings of what has none", { resourceType: 99 }),
  altering("set a setting", "retention.ms", "60000"),
  altering("set an unknown setting", "no.such", "1"),
  altering("set a wrong value", "retention.ms", "soon"),
  altering("set a null value", "retention.ms", null),
  altering("add to what is no list", "retention.ms", "1", 2),
  altering("add to a list", "cleanup.policy", "compact", 2),
  replacing("replace settings of an unknown topic", MISSING, []),
  replacing("replace settings by a null value", TOPIC, [{ name: "retention.ms", value: null }]),
  replacing("replace settings by an unknown one", TOPIC, [{ name: "no.such", value: "1" }]),
];
