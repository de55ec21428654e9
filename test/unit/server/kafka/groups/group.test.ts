import { describe, expect, it } from "vitest";
import type { Group } from "../../../../../src/server/kafka/broker/groups/group.ts";
import {
  abandon,
  checkCommit,
  heartbeat,
  leave,
} from "../../../../../src/server/kafka/broker/groups/membership.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";
import { DELAY, GroupHarness, given, REBALANCE, SESSION } from "./group-harness.ts";

const OTHER = [{ name: "range", metadata: Buffer.from("changed") }];
const reference = (memberId: string, generationId: number, groupInstanceId: string | null = null) => ({
  memberId,
  generationId,
  groupInstanceId,
});

/** A group in each of its states, with its leader and its follower where it has members. */
const STATES: Record<Group["state"], () => { at: GroupHarness; leader: string; follower: string }> = {
  Empty: () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    leave(at.group, leader, null);
    leave(at.group, follower, null);
    return { at, leader, follower };
  },
  PreparingRebalance: () => {
    const at = new GroupHarness();
    const [leader, follower] = at.preparing();
    return { at, leader, follower };
  },
  CompletingRebalance: () => {
    const at = new GroupHarness();
    const [leader, follower] = at.completing();
    return { at, leader, follower };
  },
  Stable: () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    return { at, leader, follower };
  },
  Dead: () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    at.group.close();
    return { at, leader, follower };
  },
};

/** Answers by state and request; "parked" where there is none yet. */
const TABLE: Record<Group["state"], Record<string, ErrorCode | "parked">> = {
  Empty: {
    "new member joins": "parked",
    "new member joins and needs an id": ErrorCode.MEMBER_ID_REQUIRED,
    "leader joins again": ErrorCode.UNKNOWN_MEMBER_ID,
    "follower joins again": ErrorCode.UNKNOWN_MEMBER_ID,
    "follower joins changed": ErrorCode.UNKNOWN_MEMBER_ID,
    "follower syncs": ErrorCode.UNKNOWN_MEMBER_ID,
    "follower syncs an old generation": ErrorCode.UNKNOWN_MEMBER_ID,
    heartbeat: ErrorCode.UNKNOWN_MEMBER_ID,
    "heartbeat of an old generation": ErrorCode.UNKNOWN_MEMBER_ID,
    "heartbeat of a stranger": ErrorCode.UNKNOWN_MEMBER_ID,
    commit: ErrorCode.UNKNOWN_MEMBER_ID,
    "commit of an old generation": ErrorCode.UNKNOWN_MEMBER_ID,
    "simple commit": ErrorCode.NONE,
    leave: ErrorCode.UNKNOWN_MEMBER_ID,
  },
  PreparingRebalance: {
    "new member joins": "parked",
    "new member joins and needs an id": ErrorCode.MEMBER_ID_REQUIRED,
    // All members have joined then.
    "leader joins again": ErrorCode.NONE,
    "follower joins again": "parked",
    "follower joins changed": "parked",
    "follower syncs": ErrorCode.REBALANCE_IN_PROGRESS,
    "follower syncs an old generation": ErrorCode.ILLEGAL_GENERATION,
    heartbeat: ErrorCode.REBALANCE_IN_PROGRESS,
    "heartbeat of an old generation": ErrorCode.ILLEGAL_GENERATION,
    "heartbeat of a stranger": ErrorCode.UNKNOWN_MEMBER_ID,
    commit: ErrorCode.NONE,
    "commit of an old generation": ErrorCode.ILLEGAL_GENERATION,
    "simple commit": ErrorCode.UNKNOWN_MEMBER_ID,
    leave: ErrorCode.NONE,
  },
  CompletingRebalance: {
    "new member joins": "parked",
    "new member joins and needs an id": ErrorCode.MEMBER_ID_REQUIRED,
    "leader joins again": ErrorCode.NONE,
    "follower joins again": ErrorCode.NONE,
    "follower joins changed": "parked",
    "follower syncs": "parked",
    "follower syncs an old generation": ErrorCode.ILLEGAL_GENERATION,
    heartbeat: ErrorCode.NONE,
    "heartbeat of an old generation": ErrorCode.ILLEGAL_GENERATION,
    "heartbeat of a stranger": ErrorCode.UNKNOWN_MEMBER_ID,
    commit: ErrorCode.REBALANCE_IN_PROGRESS,
    "commit of an old generation": ErrorCode.ILLEGAL_GENERATION,
    "simple commit": ErrorCode.UNKNOWN_MEMBER_ID,
    leave: ErrorCode.NONE,
  },
  Stable: {
    "new member joins": "parked",
    "new member joins and needs an id": ErrorCode.MEMBER_ID_REQUIRED,
    "leader joins again": "parked",
    "follower joins again": ErrorCode.NONE,
    "follower joins changed": "parked",
    "follower syncs": ErrorCode.NONE,
    "follower syncs an old generation": ErrorCode.ILLEGAL_GENERATION,
    heartbeat: ErrorCode.NONE,
    "heartbeat of an old generation": ErrorCode.ILLEGAL_GENERATION,
    "heartbeat of a stranger": ErrorCode.UNKNOWN_MEMBER_ID,
    commit: ErrorCode.NONE,
    "commit of an old generation": ErrorCode.ILLEGAL_GENERATION,
    "simple commit": ErrorCode.UNKNOWN_MEMBER_ID,
    leave: ErrorCode.NONE,
  },
  Dead: Object.fromEntries(
    [
      "new member joins",
      "new member joins and needs an id",
      "leader joins again",
      "follower joins again",
      "follower joins changed",
      "follower syncs",
      "follower syncs an old generation",
      "heartbeat",
      "heartbeat of an old generation",
      "heartbeat of a stranger",
      "commit",
      "commit of an old generation",
      "simple commit",
      "leave",
    ].map((request) => [request, ErrorCode.COORDINATOR_NOT_AVAILABLE]),
  ),
};

type Situation = ReturnType<(typeof STATES)["Empty"]>;
const REQUESTS: Record<string, (situation: Situation) => ErrorCode | "parked"> = {
  "new member joins": ({ at }) => at.join().result?.errorCode ?? "parked",
  "new member joins and needs an id": ({ at }) => given(at.join({ needsMemberId: true }).result).errorCode,
  "leader joins again": ({ at, leader }) => at.join({ memberId: leader }).result?.errorCode ?? "parked",
  "follower joins again": ({ at, follower }) => at.join({ memberId: follower }).result?.errorCode ?? "parked",
  "follower joins changed": ({ at, follower }) =>
    at.join({ memberId: follower, protocols: OTHER }).result?.errorCode ?? "parked",
  "follower syncs": ({ at, follower }) =>
    at.sync(follower, at.group.generation).result?.errorCode ?? "parked",
  "follower syncs an old generation": ({ at, follower }) =>
    given(at.sync(follower, at.group.generation - 1).result).errorCode,
  heartbeat: ({ at, follower }) => heartbeat(at.group, reference(follower, at.group.generation)),
  "heartbeat of an old generation": ({ at, follower }) =>
    heartbeat(at.group, reference(follower, at.group.generation - 1)),
  "heartbeat of a stranger": ({ at }) => heartbeat(at.group, reference("stranger", at.group.generation)),
  commit: ({ at, follower }) => checkCommit(at.group, reference(follower, at.group.generation)),
  "commit of an old generation": ({ at, follower }) =>
    checkCommit(at.group, reference(follower, at.group.generation - 1)),
  "simple commit": ({ at }) => checkCommit(at.group, reference("", -1)),
  leave: ({ at, follower }) => leave(at.group, follower, null),
};

describe("a group answers", () => {
  for (const [state, make] of Object.entries(STATES)) {
    for (const [request, send] of Object.entries(REQUESTS)) {
      const expected = TABLE[state as Group["state"]][request];
      it(`${expected} when ${state} to: ${request}`, () => {
        const situation = make();
        expect(situation.at.group.state).toBe(state);
        expect(send(situation)).toBe(expected);
      });
    }
  }
});

describe("joining", () => {
  it("waits the initial delay for others, then gives all one generation and the leader the members", () => {
    const at = new GroupHarness();
    const first = at.join();
    at.clock.advance(DELAY - 1);
    const second = at.join();
    expect(first.result).toBeUndefined();
    at.clock.advance(DELAY + 1);
    const [a, b] = [given(first.result), given(second.result)];
    expect([a.generationId, b.generationId]).toEqual([1, 1]);
    expect(a.leader).toBe(a.memberId);
    expect(b.leader).toBe(a.memberId);
    expect(a.members.map(({ memberId }) => memberId)).toEqual([a.memberId, b.memberId]);
    expect(a.members[0]?.metadata.toString()).toBe("m");
    expect(b.members).toEqual([]);
    expect([a.protocolType, a.protocolName]).toEqual(["consumer", "range"]);
  });

  it("waits no longer than the rebalance timeout while new members keep coming", () => {
    const at = new GroupHarness();
    const first = at.join({ rebalanceTimeout: 3 * DELAY, sessionTimeout: SESSION });
    for (let elapsed = 0; elapsed < 3 * DELAY; elapsed += DELAY / 2) {
      expect(first.result).toBeUndefined();
      at.join({ rebalanceTimeout: 3 * DELAY });
      at.clock.advance(DELAY / 2);
    }
    expect(given(first.result).generationId).toBe(1);
  });

  it("admits who comes back with the id that it was given, and forgets ids that nobody comes back with", () => {
    const at = new GroupHarness();
    const refused = given(at.join({ needsMemberId: true, clientId: "me" }).result);
    expect(refused.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
    expect(refused.memberId).toMatch(/^me-/);
    const joined = at.join({ needsMemberId: true, memberId: refused.memberId });
    at.clock.advance(DELAY);
    expect(given(joined.result)).toMatchObject({ errorCode: ErrorCode.NONE, memberId: refused.memberId });

    const late = given(at.join({ needsMemberId: true }).result);
    at.clock.advance(SESSION);
    expect(given(at.join({ needsMemberId: true, memberId: late.memberId }).result).errorCode).toBe(
      ErrorCode.UNKNOWN_MEMBER_ID,
    );
  });

  it("does not end a rebalance while someone who was given an id is on the way", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    const fresh = given(at.join({ needsMemberId: true }).result).memberId;
    const rejoined = at.join({ memberId: leader });
    at.join({ memberId: follower });
    expect(rejoined.result).toBeUndefined();
    at.join({ memberId: fresh, needsMemberId: true });
    expect(given(rejoined.result).members).toHaveLength(3);
  });

  it.each([
    ["another kind of group", { protocolType: "connect" }],
    ["no protocol in common", { protocols: [{ name: "sticky", metadata: Buffer.alloc(0) }] }],
    ["no protocol at all", { protocols: [] }],
    ["no protocol type", { protocolType: "" }],
  ])("refuses a member with %s", (_, request) => {
    const at = new GroupHarness();
    at.stable();
    expect(given(at.join(request).result).errorCode).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    expect(at.group.state).toBe("Stable");
  });

  it.each([5_999, 1_800_001])("refuses a session timeout of %i ms", (sessionTimeout) => {
    const at = new GroupHarness();
    expect(given(at.join({ sessionTimeout }).result).errorCode).toBe(ErrorCode.INVALID_SESSION_TIMEOUT);
    expect(at.clock.pending).toBe(0);
  });

  it("refuses more members than the group may have", () => {
    const at = new GroupHarness({ maxMembers: 2 });
    at.completing();
    expect(given(at.join().result).errorCode).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED);
  });

  it("chooses the protocol that most prefer among those that all know", () => {
    const at = new GroupHarness();
    const names = (...all: string[]) => all.map((name) => ({ name, metadata: Buffer.from(name) }));
    const joins = [
      at.join({ protocols: names("a", "b", "c") }),
      at.join({ protocols: names("x", "c", "b") }),
      at.join({ protocols: names("c", "b") }),
    ];
    at.clock.advance(2 * DELAY);
    expect(joins.map(({ result }) => result?.protocolName)).toEqual(["c", "c", "c"]);
    expect(joins[0]?.result?.members[1]?.metadata.toString()).toBe("c");
  });

  it("is answered only when the generation is on record, and again when that failed", () => {
    const at = new GroupHarness();
    at.savingWorks = undefined;
    const first = at.join();
    at.clock.advance(DELAY);
    expect(at.saved).toEqual([{ id: 1, active: true }]);
    expect(first.result).toBeUndefined();
    at.finishSaving(false);
    const { errorCode, memberId } = given(first.result);
    expect(errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    at.savingWorks = true;
    const second = at.join({ memberId });
    expect(given(second.result)).toMatchObject({ errorCode: ErrorCode.NONE, generationId: 2 });
  });

  it("answers a member that joins again while the generation is being written once, on its new connection", () => {
    const at = new GroupHarness();
    at.savingWorks = undefined;
    const [first, second] = [at.join(), at.join()];
    at.clock.advance(2 * DELAY);
    const [id] = at.group.members.keys();
    const again = at.join({ memberId: given(id) });
    expect(given(first.result).errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    at.finishSaving(true);
    expect([given(again.result).errorCode, given(second.result).errorCode]).toEqual([0, 0]);
  });
});

describe("syncing", () => {
  it("parks followers until the leader has assigned, and gives nothing to those whom it left out", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.completing();
    const parked = at.sync(follower, 1);
    expect(parked.result).toBeUndefined();
    const own = at.sync(leader, 1, { [leader]: "everything" });
    expect(given(own.result).assignment.toString()).toBe("everything");
    expect(given(parked.result)).toMatchObject({ errorCode: ErrorCode.NONE, protocolName: "range" });
    expect(given(parked.result).assignment).toHaveLength(0);
    expect(at.group.state).toBe("Stable");
  });

  it("removes a member that does not ask for its assignment within the rebalance timeout", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.completing({ rebalanceTimeout: SESSION }, { rebalanceTimeout: SESSION });
    at.clock.advance(SESSION / 2);
    for (const id of [leader, follower]) heartbeat(at.group, reference(id, 1));
    const parked = at.sync(follower, 1);
    at.clock.advance(SESSION / 2);
    expect(given(parked.result).errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    expect([...at.group.members.keys()]).toEqual([follower]);
    expect(at.group.state).toBe("PreparingRebalance");
    expect(given(at.join({ memberId: follower }).result)).toMatchObject({
      generationId: 2,
      leader: follower,
    });
  });
});

describe("sessions", () => {
  it("end without a heartbeat, and the others rebalance", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    at.clock.advance(SESSION - 1);
    expect(heartbeat(at.group, reference(leader, 1))).toBe(ErrorCode.NONE);
    at.clock.advance(1);
    expect([...at.group.members.keys()]).toEqual([leader]);
    expect(heartbeat(at.group, reference(follower, 1))).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(heartbeat(at.group, reference(leader, 1))).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  it("go on with heartbeats that are answered with a rebalance", () => {
    const at = new GroupHarness();
    const [leader] = at.preparing();
    for (let elapsed = 0; elapsed < REBALANCE - SESSION; elapsed += SESSION / 2) {
      at.clock.advance(SESSION / 2);
      expect(heartbeat(at.group, reference(leader, 1))).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    }
    expect(at.group.members.has(leader)).toBe(true);
  });

  it("do not end while a request is parked", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.completing({ sessionTimeout: SESSION }, { sessionTimeout: SESSION });
    const parked = at.sync(follower, 1);
    for (let elapsed = 0; elapsed < 3 * SESSION; elapsed += SESSION / 2) {
      at.clock.advance(SESSION / 2);
      heartbeat(at.group, reference(leader, 1));
    }
    expect(parked.result).toBeUndefined();
    expect(at.group.members.has(follower)).toBe(true);
  });

  it("end for a member whose parked request lost its connection, and no timer is left", () => {
    const at = new GroupHarness();
    at.join();
    const [member] = at.group.members.values();
    abandon(at.group, given(given(member).joining));
    at.clock.advance(DELAY);
    expect(at.group.state).toBe("Empty");
    expect(at.clock.pending).toBe(0);
  });
});

describe("a rebalance", () => {
  it("drops dynamic members that do not join again in time", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable({ rebalanceTimeout: SESSION }, { rebalanceTimeout: SESSION });
    const joined = at.join({ memberId: follower, protocols: OTHER, rebalanceTimeout: SESSION });
    at.clock.advance(SESSION - 1);
    heartbeat(at.group, reference(leader, 1));
    expect(joined.result).toBeUndefined();
    at.clock.advance(1);
    expect(given(joined.result)).toMatchObject({ generationId: 2, leader: follower });
    expect(heartbeat(at.group, reference(leader, 2))).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it("ends at once when the last member that was waited for leaves", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    const joined = at.join({ memberId: follower, protocols: OTHER });
    leave(at.group, leader, null);
    expect(given(joined.result)).toMatchObject({ errorCode: ErrorCode.NONE, leader: follower });
  });

  it("tells who waits for an assignment to join again when another member comes", () => {
    const at = new GroupHarness();
    const [, follower] = at.completing();
    const parked = at.sync(follower, 1);
    at.join();
    expect(given(parked.result).errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  it("leaves an empty group with a new generation on record when all have gone", () => {
    const at = new GroupHarness();
    const [leader, follower] = at.stable();
    leave(at.group, leader, null);
    leave(at.group, follower, null);
    expect(at.group.state).toBe("Empty");
    expect(at.saved.at(-1)).toEqual({ id: 2, active: false });
    expect(at.clock.pending).toBe(0);
  });
});

describe("static members", () => {
  const stableStatic = () => {
    const at = new GroupHarness();
    const ids = at.stable({ groupInstanceId: "one" }, { groupInstanceId: "two" });
    return { at, leader: ids[0], follower: ids[1] };
  };

  it("come back to their assignment without a rebalance, and the old id is fenced", () => {
    const { at, leader, follower } = stableStatic();
    const again = given(at.join({ groupInstanceId: "two" }).result);
    expect(again).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader,
      members: [],
      skipAssignment: false,
    });
    expect(again.memberId).not.toBe(follower);
    expect(given(at.sync(again.memberId, 1).result).assignment.toString()).toBe("to-follower");
    expect(heartbeat(at.group, reference(follower, 1, "two"))).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(heartbeat(at.group, reference(follower, 1))).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(at.group.state).toBe("Stable");
  });

  it("lead again without assigning: newer clients are told so, older ones are told of the former leader", () => {
    const { at, leader } = stableStatic();
    const older = given(at.join({ groupInstanceId: "one", canSkipAssignment: false }).result);
    expect(older).toMatchObject({ leader, members: [], skipAssignment: false, generationId: 1 });
    const newer = given(at.join({ groupInstanceId: "one" }).result);
    expect(newer).toMatchObject({ leader: newer.memberId, skipAssignment: true, generationId: 1 });
    expect(newer.members).toHaveLength(2);
  });

  it("rebalance when they come back with what changes the protocol", () => {
    const { at } = stableStatic();
    const protocols = [{ name: "sticky", metadata: Buffer.alloc(0) }];
    expect(given(at.join({ groupInstanceId: "two", protocols }).result).errorCode).toBe(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    );
    const both = [{ name: "range", metadata: Buffer.alloc(0) }, ...protocols];
    expect(given(at.join({ groupInstanceId: "two", protocols: both }).result).generationId).toBe(1);
    leave(at.group, "", "one");
    expect(at.group.state).toBe("PreparingRebalance");
  });

  it("start a rebalance when they come back before the assignment", () => {
    const at = new GroupHarness();
    const [leader] = at.completing({ groupInstanceId: "one" }, { groupInstanceId: "two" });
    const again = at.join({ groupInstanceId: "two" });
    expect(again.result).toBeUndefined();
    expect(given(at.join({ memberId: leader, groupInstanceId: "one" }).result).generationId).toBe(2);
    expect(given(again.result).generationId).toBe(2);
  });

  it("fence the parked request of the one that they replace", () => {
    const at = new GroupHarness();
    const first = at.join({ groupInstanceId: "one" });
    const second = at.join({ groupInstanceId: "one" });
    expect(given(first.result).errorCode).toBe(ErrorCode.FENCED_INSTANCE_ID);
    at.clock.advance(2 * DELAY);
    expect(given(second.result).members).toHaveLength(1);
  });

  it("keep their place when a rebalance ends without them, until their session ends", () => {
    const at = new GroupHarness();
    const [leader, away] = at.stable(
      { rebalanceTimeout: 6_000 },
      { groupInstanceId: "two", rebalanceTimeout: 6_000 },
    );
    const joined = at.join({ memberId: leader, rebalanceTimeout: 6_000 });
    at.clock.advance(6_000);
    const { members, generationId } = given(joined.result);
    expect(members.map(({ memberId }) => memberId)).toContain(away);
    at.sync(leader, generationId, {});
    at.clock.advance(SESSION - 6_000);
    expect(at.group.members.has(away)).toBe(false);
  });

  it("can be let go by the name of their instance alone", () => {
    const { at } = stableStatic();
    expect(leave(at.group, "", "two")).toBe(ErrorCode.NONE);
    expect(leave(at.group, "", "two")).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(leave(at.group, "someone", "one")).toBe(ErrorCode.FENCED_INSTANCE_ID);
  });
});
