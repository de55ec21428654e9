import { ErrorCode } from "../protocol/errors.ts";
import type { Group } from "./group.ts";
import { type Member, NO_ASSIGNMENT, type Reply, type SyncResult, syncRefusal } from "./member.ts";

/** Who sends a request and which generation it believes to be in. */
export interface MemberReference {
  memberId: string;
  groupInstanceId: string | null;
  generationId: number;
}

export interface SyncRequest extends MemberReference {
  /** Null before version 5. */
  protocolType: string | null;
  protocolName: string | null;
  /** The leader's; empty from all others. */
  assignments: readonly { memberId: string; assignment: Buffer }[];
}

/** The member that is meant, or the error that says why there is none. */
export function findMember(group: Group, memberId: string, instanceId: string | null): Member | ErrorCode {
  if (instanceId !== null) {
    const holder = group.instances.get(instanceId);
    if (holder === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (holder !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
  }
  return group.members.get(memberId) ?? ErrorCode.UNKNOWN_MEMBER_ID;
}

function findInGeneration(group: Group, request: MemberReference): Member | ErrorCode {
  if (group.state === "Dead") return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const member = findMember(group, request.memberId, request.groupInstanceId);
  if (typeof member === "number") return member;
  return request.generationId === group.generation ? member : ErrorCode.ILLEGAL_GENERATION;
}

/** Hands in the leader's assignment or asks for one's own; answers when the leader has handed it in. */
export function sync(group: Group, request: SyncRequest, reply: Reply<SyncResult>): void {
  const member = findInGeneration(group, request);
  const refusal = typeof member === "number" ? member : refusalOf(group, request);
  if (typeof member === "number" || refusal !== ErrorCode.NONE) {
    reply(syncRefusal(refusal));
    return;
  }
  group.unsynced.delete(member.id);
  group.refreshSession(member);
  const { syncing } = member;
  member.syncing = reply;
  syncing?.(syncRefusal(ErrorCode.REBALANCE_IN_PROGRESS));
  if (group.state === "CompletingRebalance") {
    if (member.id !== group.leader) return;
    const assigned = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    for (const each of group.members.values()) each.assignment = assigned.get(each.id) ?? NO_ASSIGNMENT;
  }
  group.becomeStable();
}

function refusalOf(group: Group, { protocolType, protocolName }: SyncRequest): ErrorCode {
  const otherType = protocolType !== null && protocolType !== group.protocolType;
  const otherName = protocolName !== null && protocolName !== group.protocolName;
  if (otherType || otherName) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  return group.state === "PreparingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

export function heartbeat(group: Group, request: MemberReference): ErrorCode {
  const member = findInGeneration(group, request);
  if (typeof member === "number") return member;
  group.refreshSession(member);
  return group.state === "PreparingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** Lets a member go. A static one may be named by its instance alone, by an administrator. */
export function leave(group: Group, memberId: string, instanceId: string | null): ErrorCode {
  if (group.state === "Dead") return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  if (instanceId === null && group.pending.take(memberId)) {
    group.completeJoinWhenReady();
    return ErrorCode.NONE;
  }
  const holder = instanceId === null ? undefined : group.instances.get(instanceId);
  const member = findMember(group, memberId === "" && holder !== undefined ? holder : memberId, instanceId);
  if (typeof member === "number") return member;
  group.expel(member);
  return ErrorCode.NONE;
}

/**
 * Whether offsets may be committed by this sender now. Who is in no generation (-1) may do so while nobody is: tools,
 * and consumers that assign partitions themselves.
 */
export function checkCommit(group: Group, request: MemberReference): ErrorCode {
  if (group.state === "Dead") return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  if (request.generationId < 0 && group.state === "Empty") return ErrorCode.NONE;
  const member = findInGeneration(group, request);
  if (typeof member === "number") return member;
  if (group.state === "CompletingRebalance") return ErrorCode.REBALANCE_IN_PROGRESS;
  group.refreshSession(member);
  return ErrorCode.NONE;
}

/** The client of a parked request is gone: if it does not come back, its session ends. */
export function abandon<Result>(group: Group, reply: Reply<Result>): void {
  for (const member of group.members.values()) {
    if (member.joining === reply) member.joining = undefined;
    else if (member.syncing === reply) member.syncing = undefined;
    else continue;
    group.refreshSession(member);
  }
}
