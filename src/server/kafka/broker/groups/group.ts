import type { Clock } from "../clock.ts";
import { ErrorCode } from "../protocol/errors.ts";
import {
  chooseProtocol,
  type JoinResult,
  joinRefusal,
  type Member,
  metadataFor,
  NO_ASSIGNMENT,
  syncRefusal,
} from "./member.ts";
import { PendingMembers } from "./pending-members.ts";

export type GroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable" | "Dead";

/** What has to outlive the process: a generation must never be given out twice. */
export interface Generation {
  id: number;
  protocolType: string | null;
  /** Whether the group has members. */
  active: boolean;
}

export interface GroupSettings {
  /** How long the first members of an empty group wait for others, in milliseconds. */
  initialRebalanceDelay: number;
  /** What a member may ask for as its session timeout, in milliseconds. */
  minSessionTimeout: number;
  maxSessionTimeout: number;
  maxMembers: number;
}

export interface GroupSurroundings {
  clock: Clock;
  settings: GroupSettings;
  /** Makes a new generation durable, then calls `done` once, with whether that worked. */
  saveGeneration(generation: Generation, done: (saved: boolean) => void): void;
  /** The unique part of a member id. */
  newId(): string;
}

/**
 * A consumer group: its members and the two phases of a rebalance. All time comes from the clock and all answers leave
 * through the callbacks of its members, so that it runs the same in a simulation. The requests are in `join.ts`,
 * `sync.ts` and `membership.ts`; here is what they share.
 */
export class Group {
  readonly id: string;
  readonly surroundings: GroupSurroundings;
  readonly members = new Map<string, Member>();
  /** Member ids of static members, by their instance id. */
  readonly instances = new Map<string, string>();
  readonly pending: PendingMembers;
  state: GroupState = "Empty";
  generation: number;
  protocolType: string | null;
  protocolName: string | null = null;
  leader: string | null = null;
  /** Members that have joined this generation and not asked for their assignment yet. */
  readonly unsynced = new Set<string>();
  /** In the first rebalance of an empty group: a member came during the last delay. */
  #grew = false;
  /** The members have been told of the current generation, since it is on record. */
  announced = true;
  #initialDelay = false;
  #stopPhase: () => void = () => {};

  constructor(id: string, surroundings: GroupSurroundings, last: Pick<Generation, "id" | "protocolType">) {
    this.id = id;
    this.surroundings = surroundings;
    this.generation = last.id;
    this.protocolType = last.protocolType;
    this.pending = new PendingMembers(surroundings.clock, () => this.completeJoinWhenReady());
  }

  /** The longest time that a member wants to have for joining again. */
  get rebalanceTimeout(): number {
    let longest = 0;
    for (const { rebalanceTimeout } of this.members.values()) longest = Math.max(longest, rebalanceTimeout);
    return longest;
  }

  add(member: Member): void {
    this.members.set(member.id, member);
    if (member.instanceId !== null) this.instances.set(member.instanceId, member.id);
    this.leader ??= member.id;
    this.#grew = true;
  }

  /** Gives a static member its new id; whoever waits under the old one is fenced. */
  replaceId(member: Member, id: string): void {
    this.answerWith(member, ErrorCode.FENCED_INSTANCE_ID);
    this.members.delete(member.id);
    this.unsynced.delete(member.id);
    if (this.leader === member.id) this.leader = id;
    member.id = id;
    this.members.set(id, member);
    if (member.instanceId !== null) this.instances.set(member.instanceId, id);
  }

  /** Takes a member out and answers what it waits for; the caller sees to the rebalance. */
  remove(member: Member): void {
    member.stopTimer();
    this.members.delete(member.id);
    this.unsynced.delete(member.id);
    if (member.instanceId !== null && this.instances.get(member.instanceId) === member.id) {
      this.instances.delete(member.instanceId);
    }
    if (this.leader === member.id) this.leader = this.members.keys().next().value ?? null;
    this.answerWith(member, ErrorCode.UNKNOWN_MEMBER_ID);
  }

  /** Takes a member out for good and lets the others rebalance. */
  expel(member: Member): void {
    this.remove(member);
    if (this.state === "Stable" || this.state === "CompletingRebalance") this.prepareRebalance();
    else this.completeJoinWhenReady();
  }

  /** Ends the member's parked requests with an error. */
  answerWith(member: Member, errorCode: ErrorCode): void {
    const { joining, syncing } = member;
    member.joining = undefined;
    member.syncing = undefined;
    joining?.(joinRefusal(errorCode, member.id));
    syncing?.(syncRefusal(errorCode));
  }

  /** Starts the member's session anew; a member that waits for an answer needs no heartbeat. */
  refreshSession(member: Member): void {
    member.stopTimer();
    member.stopTimer = this.surroundings.clock.after(member.sessionTimeout, () => {
      if (member.joining === undefined && member.syncing === undefined) this.expel(member);
      else this.refreshSession(member);
    });
  }

  prepareRebalance(): void {
    this.#stopPhase();
    const wasEmpty = this.state === "Empty";
    this.state = "PreparingRebalance";
    this.unsynced.clear();
    for (const member of this.members.values()) {
      const { syncing } = member;
      member.syncing = undefined;
      if (syncing === undefined) continue;
      syncing(syncRefusal(ErrorCode.REBALANCE_IN_PROGRESS));
      this.refreshSession(member);
    }
    this.#initialDelay = wasEmpty;
    if (wasEmpty) this.#waitForFirstMembers(this.rebalanceTimeout);
    else {
      this.#waitForMembers();
      this.completeJoinWhenReady();
    }
  }

  /** Ends the first phase as soon as every known member has joined again. */
  completeJoinWhenReady(): void {
    if (this.state !== "PreparingRebalance" || this.#initialDelay || this.pending.size > 0) return;
    for (const { joining } of this.members.values()) if (joining === undefined) return;
    this.#completeJoin();
  }

  /** The answer of the current generation to a member's JoinGroup. */
  joined(member: Member): JoinResult {
    const leads = member.id === this.leader;
    return {
      errorCode: ErrorCode.NONE,
      generationId: this.generation,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader: this.leader ?? "",
      skipAssignment: false,
      memberId: member.id,
      members: leads ? this.describeForLeader() : [],
    };
  }

  describeForLeader(): JoinResult["members"] {
    return [...this.members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      metadata: metadataFor(member, this.protocolName),
    }));
  }

  /** Ends the second phase: the leader has assigned. */
  becomeStable(): void {
    this.state = "Stable";
    for (const member of this.members.values()) {
      const { syncing } = member;
      if (syncing === undefined) continue;
      member.syncing = undefined;
      this.refreshSession(member);
      syncing({
        errorCode: ErrorCode.NONE,
        protocolType: this.protocolType,
        protocolName: this.protocolName,
        assignment: member.assignment,
      });
    }
  }

  /** Ends the group: whoever waits is told to look for the coordinator again, and no timer runs on. */
  close(): void {
    this.#stopPhase();
    this.pending.close();
    this.state = "Dead";
    for (const member of this.members.values()) {
      member.stopTimer();
      this.answerWith(member, ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
    this.members.clear();
    this.instances.clear();
  }

  #after(delay: number, action: () => void): void {
    this.#stopPhase = this.surroundings.clock.after(delay, action);
  }

  #waitForFirstMembers(remaining: number): void {
    const delay = Math.min(this.surroundings.settings.initialRebalanceDelay, remaining);
    this.#grew = false;
    this.#after(delay, () => {
      if (this.#grew && remaining > delay) this.#waitForFirstMembers(remaining - delay);
      else this.#completeJoin();
    });
  }

  #waitForMembers(): void {
    this.#after(this.rebalanceTimeout, () => this.#completeJoin());
  }

  #completeJoin(): void {
    this.#stopPhase();
    this.#initialDelay = false;
    for (const member of [...this.members.values()]) {
      if (member.joining === undefined && member.instanceId === null) this.remove(member);
    }
    if (this.members.size > 0 && !this.#hasJoinedLeader()) {
      // Only static members that are away: their partitions stay theirs until their sessions end.
      this.#waitForMembers();
      return;
    }
    this.generation++;
    this.protocolName = chooseProtocol([...this.members.values()]);
    this.state = this.members.size > 0 ? "CompletingRebalance" : "Empty";
    this.#announce();
  }

  #hasJoinedLeader(): boolean {
    const leads = this.leader === null ? undefined : this.members.get(this.leader);
    if (leads?.joining !== undefined) return true;
    for (const { id, joining } of this.members.values()) {
      if (joining === undefined) continue;
      this.leader = id;
      return true;
    }
    return false;
  }

  /** Answers the joined members, once the generation is on record. */
  #announce(): void {
    const generation = this.generation;
    const active = this.members.size > 0;
    this.announced = false;
    const { saveGeneration } = this.surroundings;
    saveGeneration({ id: generation, protocolType: this.protocolType, active }, (saved) => {
      if (this.state !== "CompletingRebalance" || this.generation !== generation) return;
      if (!saved) {
        for (const member of this.members.values()) {
          this.answerWith(member, ErrorCode.COORDINATOR_NOT_AVAILABLE);
          this.refreshSession(member);
        }
        this.prepareRebalance();
        return;
      }
      this.announced = true;
      for (const member of this.members.values()) this.#answerJoin(member);
      this.#after(this.rebalanceTimeout, () => this.#dropUnsynced());
    });
  }

  #answerJoin(member: Member): void {
    const { joining } = member;
    if (joining === undefined) return;
    member.joining = undefined;
    member.assignment = NO_ASSIGNMENT;
    this.unsynced.add(member.id);
    this.refreshSession(member);
    joining(this.joined(member));
  }

  #dropUnsynced(): void {
    if (this.unsynced.size === 0) return;
    for (const id of [...this.unsynced]) {
      const member = this.members.get(id);
      if (member !== undefined) this.remove(member);
    }
    this.prepareRebalance();
  }
}
