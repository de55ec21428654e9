import { Group, type GroupSettings } from "../../../../../src/server/kafka/broker/groups/group.ts";
import { type JoinRequest, join } from "../../../../../src/server/kafka/broker/groups/join.ts";
import type { JoinResult, SyncResult } from "../../../../../src/server/kafka/broker/groups/member.ts";
import { sync } from "../../../../../src/server/kafka/broker/groups/membership.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";

export const SESSION = 10_000;
export const REBALANCE = 60_000;
export const DELAY = 100;

const SETTINGS: GroupSettings = {
  initialRebalanceDelay: DELAY,
  minSessionTimeout: 6_000,
  maxSessionTimeout: 1_800_000,
  maxMembers: 100,
};

/** An answer that may still be parked. */
export interface Pending<Result> {
  result: Result | undefined;
}

/** What a test cannot go on without. */
export function given<Value>(value: Value | undefined | null): Value {
  if (value === undefined || value === null) throw new Error("no answer yet");
  return value;
}

/** A group on a clock that stands still, with what it wrote down and the answers it gave. */
export class GroupHarness {
  readonly clock = new SimulatedClock();
  readonly saved: { id: number; active: boolean }[] = [];
  readonly group: Group;
  /** What saving a generation says; undefined leaves it under way, to be ended by `finishSaving`. */
  savingWorks: boolean | undefined = true;
  finishSaving: (worked: boolean) => void = () => {};
  #ids = 0;

  constructor(settings: Partial<GroupSettings> = {}) {
    this.group = new Group(
      "g",
      {
        clock: this.clock,
        settings: { ...SETTINGS, ...settings },
        newId: () => String(++this.#ids),
        saveGeneration: ({ id, active }, done) => {
          this.saved.push({ id, active });
          this.finishSaving = done;
          if (this.savingWorks !== undefined) done(this.savingWorks);
        },
      },
      { id: 0, protocolType: null },
    );
  }

  join(request: Partial<JoinRequest> = {}): Pending<JoinResult> {
    const pending: Pending<JoinResult> = { result: undefined };
    join(
      this.group,
      {
        memberId: "",
        groupInstanceId: null,
        clientId: "c",
        clientHost: "/127.0.0.1",
        sessionTimeout: SESSION,
        rebalanceTimeout: REBALANCE,
        protocolType: "consumer",
        protocols: [{ name: "range", metadata: Buffer.from("m") }],
        needsMemberId: false,
        canSkipAssignment: true,
        ...request,
      },
      (result) => {
        if (pending.result !== undefined) throw new Error("answered twice");
        pending.result = result;
      },
    );
    return pending;
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: Record<string, string> = {},
  ): Pending<SyncResult> {
    const pending: Pending<SyncResult> = { result: undefined };
    sync(
      this.group,
      {
        memberId,
        generationId,
        groupInstanceId: null,
        protocolType: null,
        protocolName: null,
        assignments: Object.entries(assignments).map(([id, text]) => ({
          memberId: id,
          assignment: Buffer.from(text),
        })),
      },
      (result) => {
        if (pending.result !== undefined) throw new Error("answered twice");
        pending.result = result;
      },
    );
    return pending;
  }

  /** Two members whose first rebalance has its members: the first one leads. */
  completing(first: Partial<JoinRequest> = {}, second: Partial<JoinRequest> = {}): [string, string] {
    const joins = [this.join(first), this.join(second)];
    this.clock.advance(2 * DELAY);
    const [a, b] = joins.map(({ result }) => given(result).memberId);
    return [given(a), given(b)];
  }

  /** Two members with an assignment. */
  stable(first: Partial<JoinRequest> = {}, second: Partial<JoinRequest> = {}): [string, string] {
    const [leader, follower] = this.completing(first, second);
    this.sync(leader, this.group.generation, { [leader]: "to-leader", [follower]: "to-follower" });
    this.sync(follower, this.group.generation);
    return [leader, follower];
  }

  /** Two members of which the second has asked for a rebalance, and the first has not heard of it. */
  preparing(): [string, string] {
    const [leader, follower] = this.stable();
    this.join({ memberId: follower, protocols: [{ name: "range", metadata: Buffer.from("other") }] });
    return [leader, follower];
  }
}
