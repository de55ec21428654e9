import { afterEach, describe, expect, it } from "vitest";
import { GroupCoordinator } from "../../../../../src/server/kafka/broker/groups/coordinator.ts";
import type { JoinRequest } from "../../../../../src/server/kafka/broker/groups/join.ts";
import { OffsetStore } from "../../../../../src/server/kafka/broker/groups/offset-store.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

const HOUR = 3_600_000;
const SIMPLE = { memberId: "", groupInstanceId: null, generationId: -1 };
const forever = new AbortController().signal;

/** Version 0, then a list of topics, as consumers say what they want. */
function subscription(...topics: string[]): Buffer {
  const parts = topics.map((topic) => {
    const length = Buffer.alloc(2);
    length.writeInt16BE(Buffer.byteLength(topic));
    return Buffer.concat([length, Buffer.from(topic)]);
  });
  const head = Buffer.alloc(6);
  head.writeInt32BE(topics.length, 2);
  return Buffer.concat([head, ...parts, Buffer.alloc(4)]);
}

const member = (request: Partial<JoinRequest> = {}): JoinRequest => ({
  memberId: "",
  groupInstanceId: null,
  clientId: "c",
  clientHost: "/127.0.0.1",
  sessionTimeout: 10_000,
  rebalanceTimeout: 60_000,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: subscription("used") }],
  needsMemberId: false,
  canSkipAssignment: true,
  ...request,
});

const at = (topic: string, partition: number, offset: number) => ({
  topic,
  partition,
  offset,
  leaderEpoch: 4,
  metadata: "note",
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(directory: string, clock = new SimulatedClock()) {
  const store = await OffsetStore.open({ directory, clock, sync: "interval", syncInterval: 1000 });
  const groups = new GroupCoordinator({
    store,
    clock,
    settings: {
      initialRebalanceDelay: 0,
      minSessionTimeout: 6_000,
      maxSessionTimeout: 1_800_000,
      maxMembers: 100,
    },
    offsetsRetention: 24 * HOUR,
  });
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    groups.close();
    await store.close();
  };
  closing.push(close);
  /** Joins alone and takes its assignment. */
  async function settle(groupId: string, request: Partial<JoinRequest> = {}) {
    const joining = groups.join(groupId, member(request), forever);
    clock.advance(0);
    const joined = await joining;
    expect(joined.errorCode).toBe(ErrorCode.NONE);
    const reference = { memberId: joined.memberId, groupInstanceId: null, generationId: joined.generationId };
    const sync = { ...reference, protocolType: null, protocolName: null, assignments: [] };
    expect((await groups.sync(groupId, sync, forever)).errorCode).toBe(ErrorCode.NONE);
    return reference;
  }
  return { store, clock, groups, close, settle };
}

describe("GroupCoordinator", () => {
  it("keeps offsets and the generation over a restart, and not the members", async () => {
    const directory = await makeTempDir();
    const first = await start(directory);
    const reference = await first.settle("g");
    expect(await first.groups.commit("g", reference, [at("t", 0, 42), at("t", 3, 7)])).toBe(ErrorCode.NONE);
    expect(await first.groups.commit("g", reference, [at("t", 0, 43)])).toBe(ErrorCode.NONE);
    await first.close();

    const second = await start(directory);
    expect(second.groups.offsets("g").get("t")?.get(0)).toMatchObject({
      offset: 43,
      leaderEpoch: 4,
      metadata: "note",
    });
    expect(second.groups.offsets("g").get("t")?.get(3)?.offset).toBe(7);
    expect(second.groups.describe("g")).toMatchObject({
      state: "Empty",
      protocolType: "consumer",
      members: [],
    });
    expect(second.groups.heartbeat("g", reference)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(await second.groups.commit("g", reference, [at("t", 0, 1)])).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect((await second.settle("g")).generationId).toBeGreaterThan(reference.generationId);
  });

  it("knows nothing of a group that was never used, except that anyone may commit without joining", async () => {
    const { groups } = await start(await makeTempDir());
    const stranger = { memberId: "m", groupInstanceId: null, generationId: 1 };
    expect(groups.heartbeat("g", stranger)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(groups.leave("g", [stranger])).toEqual([ErrorCode.UNKNOWN_MEMBER_ID]);
    expect(await groups.commit("g", stranger, [at("t", 0, 1)])).toBe(ErrorCode.ILLEGAL_GENERATION);
    expect((await groups.join("g", member({ memberId: "m" }), forever)).errorCode).toBe(
      ErrorCode.UNKNOWN_MEMBER_ID,
    );
    expect(groups.describe("g")).toBeUndefined();
    expect(groups.ids()).toEqual([]);
    expect(await groups.commit("g", SIMPLE, [at("t", 0, 1)])).toBe(ErrorCode.NONE);
    expect(groups.ids()).toEqual(["g"]);
    expect(groups.describe("g")?.state).toBe("Empty");
  });

  it("refuses a group without a name", async () => {
    const { groups } = await start(await makeTempDir());
    expect((await groups.join("", member(), forever)).errorCode).toBe(ErrorCode.INVALID_GROUP_ID);
    expect(groups.heartbeat("", SIMPLE)).toBe(ErrorCode.INVALID_GROUP_ID);
    expect(await groups.commit("", SIMPLE, [at("t", 0, 1)])).toBe(ErrorCode.INVALID_GROUP_ID);
  });

  it("lets only members commit while there are some", async () => {
    const { groups, settle } = await start(await makeTempDir());
    const reference = await settle("g");
    expect(await groups.commit("g", SIMPLE, [at("t", 0, 1)])).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    groups.leave("g", [reference]);
    expect(await groups.commit("g", SIMPLE, [at("t", 0, 1)])).toBe(ErrorCode.NONE);
  });

  it("forgets a parked join whose client is gone", async () => {
    const { groups, clock } = await start(await makeTempDir());
    const gone = new AbortController();
    const parked = groups.join("g", member(), gone.signal);
    gone.abort();
    const late = groups.join("g", member(), AbortSignal.abort());
    const answers = await Promise.all([parked, late]);
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ]);
    clock.advance(1_000);
    expect(groups.describe("g")).toMatchObject({ state: "Empty", members: [] });
  });

  it("removes groups without members only, for good", async () => {
    const directory = await makeTempDir();
    const first = await start(directory);
    const reference = await first.settle("g");
    expect(await first.groups.remove("g")).toBe(ErrorCode.NON_EMPTY_GROUP);
    expect(await first.groups.remove("other")).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    await first.groups.commit("g", reference, [at("t", 0, 1)]);
    first.groups.leave("g", [reference]);
    expect(await first.groups.remove("g")).toBe(ErrorCode.NONE);
    expect(await first.groups.remove("g")).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    await first.close();
    expect((await start(directory)).groups.ids()).toEqual([]);
  });

  it("forgets offsets of topics that it does not consume, and of topics that are gone", async () => {
    const { groups, settle } = await start(await makeTempDir());
    const reference = await settle("g");
    await groups.commit("g", reference, [
      at("used", 0, 1),
      at("old", 0, 1),
      at("old", 1, 1),
      at("gone", 0, 1),
    ]);
    const asked: [string, number][] = [
      ["used", 0],
      ["old", 0],
    ];
    expect(await groups.removeOffsets("g", asked)).toEqual([
      ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
      ErrorCode.NONE,
    ]);
    await groups.forgetTopic("gone");
    const left = [...groups.offsets("g")].map(([topic, partitions]) => [topic, ...partitions.keys()]);
    expect(left).toEqual([
      ["used", 0],
      ["old", 1],
    ]);
    await settle("c", { protocolType: "connect" });
    expect(await groups.removeOffsets("c", asked)).toBe(ErrorCode.NON_EMPTY_GROUP);
    expect(await groups.removeOffsets("none", asked)).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  });

  it("drops offsets when nobody came for as long as they are kept, and never those of members", async () => {
    const directory = await makeTempDir();
    const { groups, settle, clock } = await start(directory);
    const reference = await settle("living");
    await groups.commit("living", reference, [at("t", 0, 1)]);
    const former = await settle("left");
    await groups.commit("left", former, [at("t", 0, 1)]);
    await groups.commit("simple", SIMPLE, [at("t", 0, 1)]);
    const beat = async (hours: number, others: (typeof former)[] = []) => {
      for (let elapsed = 0; elapsed < hours * HOUR; elapsed += 5_000) {
        clock.advance(5_000);
        groups.heartbeat("living", reference);
        for (const other of others) groups.heartbeat("left", other);
      }
      // What was begun by a timer is written by then.
      await groups.commit("living", reference, [at("t", 1, 1)]);
      await groups.commit("living", reference, [at("t", 1, 1)]);
    };
    await beat(20, [former]);
    groups.leave("left", [former]);
    await beat(0);
    await beat(5);
    expect(groups.ids()).toEqual(["left", "living"]);
    await beat(20);
    expect(groups.ids()).toEqual(["living"]);
    expect(groups.offsets("living").get("t")?.get(0)?.offset).toBe(1);
  });
});
