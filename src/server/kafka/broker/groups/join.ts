import { ErrorCode } from "../protocol/errors.ts";
import type { Group } from "./group.ts";
import {
  chooseProtocol,
  commonProtocols,
  type JoinResult,
  joinRefusal,
  type Member,
  type MemberProtocol,
  NO_ASSIGNMENT,
  type Reply,
  sameProtocols,
} from "./member.ts";
import { findMember } from "./membership.ts";

/** A JoinGroup of any version. Times are milliseconds. */
export interface JoinRequest {
  /** Empty for one who is new. */
  memberId: string;
  groupInstanceId: string | null;
  clientId: string;
  clientHost: string;
  sessionTimeout: number;
  /** Zero or less for clients that know none: their session timeout counts. */
  rebalanceTimeout: number;
  protocolType: string;
  protocols: readonly MemberProtocol[];
  /** From version 4 on a client joins twice, the second time with the id that it was given. */
  needsMemberId: boolean;
  /** From version 9 on a leader can be told that nothing is to be assigned. */
  canSkipAssignment: boolean;
}

/** Takes the member into the group; answers through `reply`, at once or when the rebalance ends. */
export function join(group: Group, request: JoinRequest, reply: Reply<JoinResult>): void {
  const answer = answerOrPark(group, request, reply);
  if (answer !== undefined) reply(answer);
}

/** The answer that can be given at once; undefined when `reply` has been parked. */
function answerOrPark(group: Group, request: JoinRequest, reply: Reply<JoinResult>): JoinResult | undefined {
  const { memberId, groupInstanceId, sessionTimeout } = request;
  const { settings } = group.surroundings;
  if (group.state === "Dead") return joinRefusal(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId);
  if (sessionTimeout < settings.minSessionTimeout || sessionTimeout > settings.maxSessionTimeout) {
    return joinRefusal(ErrorCode.INVALID_SESSION_TIMEOUT, memberId);
  }
  if (!fits(group, request)) return joinRefusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId);
  const isPending = group.pending.has(memberId);
  if (memberId !== "" && !isPending) {
    const found = findMember(group, memberId, groupInstanceId);
    return typeof found === "number" ? joinRefusal(found, memberId) : joinAgain(group, found, request, reply);
  }
  const before = groupInstanceId === null ? undefined : group.instances.get(groupInstanceId);
  const replaced = before === undefined ? undefined : group.members.get(before);
  if (replaced !== undefined) return takeOver(group, replaced, request, reply);
  if (!isPending && group.members.size + group.pending.size >= settings.maxMembers) {
    return joinRefusal(ErrorCode.GROUP_MAX_SIZE_REACHED, memberId);
  }
  if (!isPending && groupInstanceId === null && request.needsMemberId) {
    const given = newMemberId(group, request);
    group.pending.add(given, sessionTimeout);
    return joinRefusal(ErrorCode.MEMBER_ID_REQUIRED, given);
  }
  group.pending.take(memberId);
  admit(group, request, reply);
  return undefined;
}

/** Whether the member can take part: same kind of group, and a protocol that all of it knows. */
function fits(group: Group, { protocolType, protocols, memberId, groupInstanceId }: JoinRequest): boolean {
  if (protocolType === "" || protocols.length === 0) return false;
  const own = (groupInstanceId === null ? undefined : group.instances.get(groupInstanceId)) ?? memberId;
  const others = [...group.members.values()].filter(({ id }) => id !== own);
  if (others.length === 0) return true;
  const common = commonProtocols(others);
  return protocolType === group.protocolType && protocols.some(({ name }) => common.has(name));
}

function newMemberId(group: Group, { groupInstanceId, clientId }: JoinRequest): string {
  return `${groupInstanceId ?? clientId}-${group.surroundings.newId()}`;
}

function admit(group: Group, request: JoinRequest, reply: Reply<JoinResult>): void {
  const member: Member = {
    ...timesOf(request),
    id: request.memberId === "" ? newMemberId(group, request) : request.memberId,
    instanceId: request.groupInstanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    protocols: request.protocols,
    assignment: NO_ASSIGNMENT,
    joining: reply,
    syncing: undefined,
    stopTimer: () => {},
  };
  if (group.members.size === 0) group.protocolType = request.protocolType;
  group.add(member);
  rebalance(group);
}

const timesOf = ({ sessionTimeout, rebalanceTimeout }: JoinRequest) => ({
  sessionTimeout,
  rebalanceTimeout: rebalanceTimeout > 0 ? rebalanceTimeout : sessionTimeout,
});

function rebalance(group: Group): void {
  if (group.state === "PreparingRebalance") group.completeJoinWhenReady();
  else group.prepareRebalance();
}

function update(member: Member, request: JoinRequest): void {
  const { protocols, clientId, clientHost } = request;
  Object.assign(member, timesOf(request), { protocols, clientId, clientHost });
}

/** Parks the JoinGroup; one that was parked before is of a connection that the client has given up. */
function park(member: Member, request: JoinRequest, reply: Reply<JoinResult>): void {
  const { joining } = member;
  update(member, request);
  member.joining = reply;
  joining?.(joinRefusal(ErrorCode.REBALANCE_IN_PROGRESS, member.id));
}

function parkAndRebalance(
  group: Group,
  member: Member,
  request: JoinRequest,
  reply: Reply<JoinResult>,
): void {
  park(member, request, reply);
  rebalance(group);
}

function joinAgain(
  group: Group,
  member: Member,
  request: JoinRequest,
  reply: Reply<JoinResult>,
): JoinResult | undefined {
  const { state } = group;
  if (sameProtocols(member.protocols, request.protocols)) {
    if (state === "CompletingRebalance" && !group.announced) {
      park(member, request, reply);
      return undefined;
    }
    // The answer got lost on its way. Once assigned, a leader asks for a rebalance by joining with nothing new.
    if (state === "CompletingRebalance" || (state === "Stable" && member.id !== group.leader)) {
      group.refreshSession(member);
      return group.joined(member);
    }
  }
  parkAndRebalance(group, member, request, reply);
  return undefined;
}

/**
 * A static member has come back under a new id, and whoever uses the old one is fenced. When its protocols leave the
 * choice of the group as it was, it takes over its assignment without a rebalance.
 */
function takeOver(
  group: Group,
  member: Member,
  request: JoinRequest,
  reply: Reply<JoinResult>,
): JoinResult | undefined {
  const leaderBefore = group.leader ?? "";
  const leads = leaderBefore === member.id;
  group.replaceId(member, newMemberId(group, request));
  update(member, request);
  if (group.state !== "Stable" || chooseProtocol([...group.members.values()]) !== group.protocolName) {
    parkAndRebalance(group, member, request, reply);
    return undefined;
  }
  group.refreshSession(member);
  const skips = leads && request.canSkipAssignment;
  return {
    ...group.joined(member),
    // Older clients would assign when they find themselves leading, so they are told of the leader that was.
    leader: skips ? member.id : leaderBefore,
    members: skips ? group.describeForLeader() : [],
    skipAssignment: skips,
  };
}
