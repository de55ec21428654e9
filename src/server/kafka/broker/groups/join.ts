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

/** Takes the member into the group, or parks it until the rebalance ends; answers through `reply`. */
export function join(group: Group, request: JoinRequest, reply: Reply<JoinResult>): void {
  const refuse = (errorCode: ErrorCode, memberId = request.memberId) =>
    reply(joinRefusal(errorCode, memberId));
  const { settings } = group.surroundings;
  if (group.state === "Dead") return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  if (
    request.sessionTimeout < settings.minSessionTimeout ||
    request.sessionTimeout > settings.maxSessionTimeout
  ) {
    return refuse(ErrorCode.INVALID_SESSION_TIMEOUT);
  }
  if (!fits(group, request)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  if (request.memberId !== "" && !group.pending.has(request.memberId)) {
    const found = findMember(group, request.memberId, request.groupInstanceId);
    return typeof found === "number" ? refuse(found) : joinAgain(group, found, request, reply);
  }
  const replaced =
    request.groupInstanceId === null ? undefined : group.instances.get(request.groupInstanceId);
  const before = replaced === undefined ? undefined : group.members.get(replaced);
  if (before !== undefined) return takeOver(group, before, request, reply);

  const isPending = group.pending.has(request.memberId);
  if (!isPending && group.members.size + group.pending.size >= settings.maxMembers) {
    return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED);
  }
  if (!isPending && request.groupInstanceId === null && request.needsMemberId) {
    const memberId = newMemberId(group, request);
    group.pending.add(memberId, request.sessionTimeout);
    return refuse(ErrorCode.MEMBER_ID_REQUIRED, memberId);
  }
  group.pending.take(request.memberId);
  admit(group, request, reply);
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

/** Parks the JoinGroup; one that was parked before is of a connection that the client has given up. */
function park(member: Member, request: JoinRequest, reply: Reply<JoinResult>): void {
  const { joining } = member;
  Object.assign(member, timesOf(request));
  member.protocols = request.protocols;
  member.clientId = request.clientId;
  member.clientHost = request.clientHost;
  member.joining = reply;
  joining?.(joinRefusal(ErrorCode.REBALANCE_IN_PROGRESS, member.id));
}

function joinAgain(group: Group, member: Member, request: JoinRequest, reply: Reply<JoinResult>): void {
  const unchanged = sameProtocols(member.protocols, request.protocols);
  const leads = member.id === group.leader;
  // In the second phase the answer got lost; later only the leader asks for a rebalance by joining with nothing new.
  if (unchanged && group.state === "CompletingRebalance" && !group.announced)
    return park(member, request, reply);
  if (unchanged && (group.state === "CompletingRebalance" || (group.state === "Stable" && !leads))) {
    group.refreshSession(member);
    return reply(group.joined(member));
  }
  park(member, request, reply);
  rebalance(group);
}

/**
 * A static member has come back under a new id, and whoever uses the old one is fenced. When its protocols leave the
 * choice of the group as it was, it takes over its assignment without a rebalance.
 */
function takeOver(group: Group, before: Member, request: JoinRequest, reply: Reply<JoinResult>): void {
  const { leader: leaderBefore, state } = group;
  const leads = leaderBefore === before.id;
  group.replaceId(before, newMemberId(group, request));
  if (state === "Stable") {
    Object.assign(before, timesOf(request), { protocols: request.protocols, clientHost: request.clientHost });
    before.clientId = request.clientId;
    if (chooseProtocol([...group.members.values()]) === group.protocolName) {
      group.refreshSession(before);
      const skips = leads && request.canSkipAssignment;
      // Older clients would assign when they find themselves leading, so they are told of the leader that was.
      const leader = skips ? before.id : (leaderBefore ?? "");
      const members = skips ? group.describeForLeader() : [];
      return reply({ ...group.joined(before), leader, members, skipAssignment: skips });
    }
  }
  park(before, request, reply);
  rebalance(group);
}
