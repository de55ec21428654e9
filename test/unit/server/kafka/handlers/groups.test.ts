import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { createTopics } from "../../../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { deleteGroups } from "../../../../../src/server/kafka/broker/protocol/messages/delete-groups.ts";
import { describeGroups } from "../../../../../src/server/kafka/broker/protocol/messages/describe-groups.ts";
import { findCoordinator } from "../../../../../src/server/kafka/broker/protocol/messages/find-coordinator.ts";
import { heartbeat } from "../../../../../src/server/kafka/broker/protocol/messages/heartbeat.ts";
import { joinGroup } from "../../../../../src/server/kafka/broker/protocol/messages/join-group.ts";
import { leaveGroup } from "../../../../../src/server/kafka/broker/protocol/messages/leave-group.ts";
import { listGroups } from "../../../../../src/server/kafka/broker/protocol/messages/list-groups.ts";
import { offsetCommit } from "../../../../../src/server/kafka/broker/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../../../../../src/server/kafka/broker/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../../../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import { syncGroup } from "../../../../../src/server/kafka/broker/protocol/messages/sync-group.ts";
import { encodeRequest } from "../../../../helpers/kafka-messages.ts";
import { type Answered, allBut, startTestBroker, type TestBroker, versions } from "./broker.ts";

const member = (groupId: string, memberId = "") => ({
  groupId,
  memberId,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  groupInstanceId: null,
  reason: null,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: Buffer.from("m") }],
});

/** A member that is alone in its group and has its assignment. */
async function settle({ call }: TestBroker, groupId: string, [join, sync]: [number, number] = [9, 5]) {
  let joined = await call(joinGroup, member(groupId), join);
  if (join >= 4) {
    expect(joined.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
    joined = await call(joinGroup, member(groupId, joined.memberId), join);
  }
  const { memberId, generationId } = joined;
  const assignments = [{ memberId, assignment: Buffer.from("all") }];
  const request = { groupId, generationId, memberId, groupInstanceId: null, assignments };
  const protocol = { protocolType: "consumer", protocolName: "range" };
  const synced = await call(syncGroup, { ...request, ...protocol }, sync);
  return { joined, synced, reference: { groupId, memberId, generationId, groupInstanceId: null } };
}

const commitOf = (groupId: string, name: string, partitionIndex: number, committedOffset: number) => ({
  groupId,
  memberId: "",
  generationIdOrMemberEpoch: -1,
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name,
      partitions: [
        {
          partitionIndex,
          committedOffset,
          committedLeaderEpoch: 3,
          commitTimestamp: -1,
          committedMetadata: "note",
        },
      ],
    },
  ],
});

const topic = (name: string, numPartitions: number) => ({
  topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs: 1000,
});

const fetchOf = (groupId: string, version: number, names: string[] | null) => {
  const topics = names?.map((name) => ({ name, partitionIndexes: [0, 1] })) ?? null;
  return version >= 8
    ? { groups: [{ groupId, memberId: null, memberEpoch: -1, topics }] }
    : { groupId, topics };
};
const fetched = (answer: Answered, version: number) => (version >= 8 ? answer.groups[0] : answer);

describe("FindCoordinator", () => {
  it.each(versions(findCoordinator))(
    "names the broker at the address that was reached, in version %i",
    async (version) => {
      const { broker, call } = await startTestBroker();
      const request = version < 4 ? { key: "g" } : { coordinatorKeys: ["g"] };
      const answer = await call(findCoordinator, request, version);
      const found = version < 4 ? answer : answer.coordinators[0];
      expect(found).toMatchObject({ errorCode: 0, nodeId: 1, ...broker.addresses[0] });
    },
  );

  it("knows no coordinators of share groups, and says so", async () => {
    const { call } = await startTestBroker();
    const { coordinators } = await call(findCoordinator, { coordinatorKeys: ["g"], keyType: 2 });
    expect(coordinators[0]).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, nodeId: -1, port: -1 });
  });
});

describe("membership on the wire", () => {
  it.each(versions(joinGroup))("joins and is assigned, with JoinGroup version %i", async (version) => {
    const broker = await startTestBroker();
    const { joined, synced } = await settle(broker, "g", [version, Math.min(version, 5)]);
    expect(joined).toMatchObject({
      errorCode: 0,
      generationId: 1,
      protocolName: "range",
      leader: joined.memberId,
    });
    expect(joined.members).toMatchObject([{ memberId: joined.memberId, metadata: Buffer.from("m") }]);
    expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from("all") });
  });

  it.each(versions(heartbeat))("keeps its session with Heartbeat version %i", async (version) => {
    const broker = await startTestBroker();
    const { reference } = await settle(broker, "g");
    expect((await broker.call(heartbeat, reference, version)).errorCode).toBe(0);
    const strange = await broker.call(heartbeat, { ...reference, memberId: "x" }, version);
    expect(strange.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it.each(versions(leaveGroup))("leaves with LeaveGroup version %i", async (version) => {
    const broker = await startTestBroker();
    const { reference } = await settle(broker, "g");
    const { memberId } = reference;
    const gone = { memberId: "gone", groupInstanceId: null, reason: null };
    const members = [{ memberId, groupInstanceId: null, reason: "done" }, gone];
    const answer = await broker.call(leaveGroup, { groupId: "g", memberId, members }, version);
    expect(answer.errorCode).toBe(0);
    if (version >= 3) {
      expect(answer.members.map(({ errorCode }: Answered) => errorCode)).toEqual([
        0,
        ErrorCode.UNKNOWN_MEMBER_ID,
      ]);
    }
    expect((await broker.call(heartbeat, reference)).errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it("answers other connections while a join is parked, and lets a stopping broker go at once", async () => {
    const { broker, call, connect } = await startTestBroker({ limits: { grace: 10_000 } });
    const first = await connect();
    const joins = { ...member("g"), rebalanceTimeoutMs: 600_000 };
    const { memberId } = (await first.call(joinGroup, 3, joins)) as Answered;
    first.socket.write(encodeRequest(joinGroup, 3, { ...joins, memberId }));
    const second = await connect();
    second.socket.write(encodeRequest(joinGroup, 3, joins));
    await expect.poll(async () => (await call(listGroups, {})).groups[0].groupState).toMatch(/Rebalance/);
    const begun = performance.now();
    await broker.stop();
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

describe("DescribeGroups and ListGroups", () => {
  it.each(versions(describeGroups))("show members and their assignments in version %i", async (version) => {
    const broker = await startTestBroker();
    const { joined } = await settle(broker, "g");
    const { groups } = await broker.call(describeGroups, { groups: ["g", "none"] }, version);
    expect(groups[0]).toMatchObject({
      errorCode: 0,
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "range",
      members: [
        {
          memberId: joined.memberId,
          clientId: "test",
          clientHost: "/127.0.0.1",
          memberAssignment: Buffer.from("all"),
        },
      ],
    });
    expect(groups[1]).toMatchObject({ errorCode: 0, groupState: "Dead", members: [] });
  });

  it.each(versions(listGroups))(
    "list groups of members and of offsets alone in version %i",
    async (version) => {
      const broker = await startTestBroker();
      await settle(broker, "g");
      await broker.call(createTopics, topic("t", 1));
      await broker.call(offsetCommit, commitOf("simple", "t", 0, 5));
      const { groups } = await broker.call(listGroups, {}, version);
      expect(groups.map(({ groupId, protocolType }: Answered) => [groupId, protocolType])).toEqual([
        ["g", "consumer"],
        ["simple", ""],
      ]);
      if (version < 4) return;
      expect(groups[1].groupState).toBe("Empty");
      const stable = await broker.call(listGroups, { statesFilter: ["stable"] }, version);
      expect(stable.groups.map(({ groupId }: Answered) => groupId)).toEqual(["g"]);
      if (version < 5) return;
      expect((await broker.call(listGroups, { typesFilter: ["consumer"] })).groups).toEqual([]);
    },
  );
});

describe("offsets on the wire", () => {
  it.each(versions(offsetCommit))("are committed with OffsetCommit version %i", async (version) => {
    const { call } = await startTestBroker();
    await call(createTopics, topic("t", 2));
    const { topics } = await call(offsetCommit, commitOf("g", "t", 1, 42), version);
    expect(topics).toEqual([{ name: "t", partitions: [{ partitionIndex: 1, errorCode: 0 }] }]);
    const { groups } = await call(offsetFetch, fetchOf("g", 9, null));
    expect(groups[0].topics).toEqual([
      {
        name: "t",
        partitions: [
          {
            partitionIndex: 1,
            committedOffset: 42,
            committedLeaderEpoch: version >= 6 ? 3 : -1,
            metadata: "note",
            errorCode: 0,
          },
        ],
      },
    ]);
  });

  it.each(versions(offsetFetch))(
    "are fetched with OffsetFetch version %i, -1 where there is none",
    async (version) => {
      const { call } = await startTestBroker();
      await call(createTopics, topic("t", 2));
      await call(offsetCommit, commitOf("g", "t", 1, 42));
      const one = fetched(await call(offsetFetch, fetchOf("g", version, ["t"]), version), version);
      expect(one.topics[0].partitions).toMatchObject([
        { partitionIndex: 0, committedOffset: -1, metadata: "", errorCode: 0 },
        { partitionIndex: 1, committedOffset: 42, metadata: "note", errorCode: 0 },
      ]);
      const none = fetched(await call(offsetFetch, fetchOf("none", version, ["t"]), version), version);
      expect(none.topics[0].partitions[1]).toMatchObject({ committedOffset: -1, errorCode: 0 });
      if (version < 2) return;
      const all = fetched(await call(offsetFetch, fetchOf("g", version, null), version), version);
      expect(all.topics[0].partitions).toHaveLength(1);
    },
  );

  it("are refused one by one: what is not there, what cannot be, what is too long", async () => {
    const { call } = await startTestBroker();
    await call(createTopics, topic("t", 1));
    const [{ name, partitions }] = commitOf("g", "t", 0, 1).topics as [Answered];
    const partition = (changes: object) => ({ ...partitions[0], ...changes });
    const request = {
      ...commitOf("g", "t", 0, 1),
      topics: [
        {
          name,
          partitions: [
            partition({}),
            partition({ partitionIndex: 1 }),
            partition({ partitionIndex: -1 }),
            partition({ committedOffset: -5 }),
            partition({ committedOffset: 2 ** 60 }),
            partition({ committedMetadata: "x".repeat(4097) }),
          ],
        },
        { name: "none", partitions: [partition({})] },
      ],
    };
    const { topics } = await call(offsetCommit, request);
    expect(topics.map((one: Answered) => one.partitions.map(({ errorCode }: Answered) => errorCode))).toEqual(
      [
        [
          ErrorCode.NONE,
          ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
          ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
          ErrorCode.OFFSET_OUT_OF_RANGE,
          ErrorCode.OFFSET_OUT_OF_RANGE,
          ErrorCode.OFFSET_METADATA_TOO_LARGE,
        ],
        [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ],
    );
  });

  it("are refused to who is no member of a group that has some", async () => {
    const broker = await startTestBroker();
    await broker.call(createTopics, topic("t", 1));
    await settle(broker, "g");
    const { topics } = await broker.call(offsetCommit, commitOf("g", "t", 0, 1));
    expect(topics[0].partitions[0].errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it("go away one by one with OffsetDelete and all with DeleteGroups", async () => {
    const { call } = await startTestBroker();
    await call(createTopics, topic("t", 2));
    await call(offsetCommit, commitOf("g", "t", 0, 1));
    await call(offsetCommit, commitOf("g", "t", 1, 1));
    const removed = await call(offsetDelete, {
      groupId: "g",
      topics: [{ name: "t", partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] }],
    });
    expect(removed.topics[0].partitions).toEqual([
      { partitionIndex: 0, errorCode: 0 },
      { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
    const { groups } = await call(offsetFetch, fetchOf("g", 9, null));
    expect(groups[0].topics[0].partitions.map((one: Answered) => one.partitionIndex)).toEqual([1]);
    for (const version of versions(deleteGroups)) {
      await call(offsetCommit, commitOf("g", "t", 1, 1));
      const { results } = await call(deleteGroups, { groupsNames: ["g", "none"] }, version);
      expect(results).toEqual([
        { groupId: "g", errorCode: 0 },
        { groupId: "none", errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
      ]);
    }
    expect((await call(listGroups, {})).groups).toEqual([]);
  });
});

describe("groups that a principal may not use", () => {
  it("are refused in each API, and not listed", async () => {
    const denied = ["read group g", "describe group g", "delete group g", "describe cluster kafka-cluster"];
    const { call } = await startTestBroker(allBut(...denied, "read topic secret", "describe topic secret"));
    const code = ErrorCode.GROUP_AUTHORIZATION_FAILED;
    const reference = { groupId: "g", memberId: "m", generationId: 1, groupInstanceId: null };
    await call(createTopics, topic("secret", 1));
    await call(offsetCommit, commitOf("h", "secret", 0, 1));

    expect((await call(findCoordinator, { coordinatorKeys: ["g"] })).coordinators[0].errorCode).toBe(code);
    expect((await call(joinGroup, member("g"))).errorCode).toBe(code);
    const sync = { ...reference, assignments: [], protocolType: null, protocolName: null };
    expect((await call(syncGroup, sync)).errorCode).toBe(code);
    expect((await call(heartbeat, reference)).errorCode).toBe(code);
    expect((await call(leaveGroup, { groupId: "g", members: [] })).errorCode).toBe(code);
    expect((await call(describeGroups, { groups: ["g"] })).groups[0].errorCode).toBe(code);
    expect((await call(deleteGroups, { groupsNames: ["g"] })).results[0].errorCode).toBe(code);
    expect((await call(offsetDelete, { groupId: "g", topics: [] })).errorCode).toBe(code);
    const committed = await call(offsetCommit, commitOf("g", "secret", 0, 1));
    expect(committed.topics[0].partitions[0].errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    expect((await call(offsetFetch, fetchOf("g", 9, null))).groups[0].errorCode).toBe(code);
    expect((await call(offsetFetch, fetchOf("g", 2, null), 2)).errorCode).toBe(code);
    const first = await call(offsetFetch, fetchOf("g", 1, ["t"]), 1);
    expect(first.topics[0].partitions[0].errorCode).toBe(code);
    const other = await call(offsetFetch, fetchOf("h", 9, ["secret"]));
    expect(other.groups[0].topics[0].partitions[0].errorCode).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    expect((await call(listGroups, {})).groups).toEqual([]);
  });
});
