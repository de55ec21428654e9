import type { ErrorCode } from "../protocol/errors.ts";

/** One way of assigning partitions that a member can take part in, with what it tells the leader for it. */
export interface MemberProtocol {
  name: string;
  metadata: Buffer;
}

/** What JoinGroup is answered with. Without an error all fields are those of the generation that was joined. */
export interface JoinResult {
  errorCode: ErrorCode;
  generationId: number;
  protocolType: string | null;
  protocolName: string | null;
  leader: string;
  skipAssignment: boolean;
  memberId: string;
  /** Filled for the leader only. */
  members: { memberId: string; groupInstanceId: string | null; metadata: Buffer }[];
}

/** What SyncGroup is answered with. */
export interface SyncResult {
  errorCode: ErrorCode;
  protocolType: string | null;
  protocolName: string | null;
  assignment: Buffer;
}

/** Called at most once, at the latest when the member is removed. */
export type Reply<Result> = (result: Result) => void;

/** A member of a group. Times are milliseconds. */
export interface Member {
  id: string;
  /** Not null for a static member, which comes back under this name with another id. */
  readonly instanceId: string | null;
  clientId: string;
  clientHost: string;
  sessionTimeout: number;
  rebalanceTimeout: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer;
  /** The parked JoinGroup: the member takes part in the rebalance under way. */
  joining: Reply<JoinResult> | undefined;
  /** The parked SyncGroup. */
  syncing: Reply<SyncResult> | undefined;
  /** Stops the session timer. */
  stopTimer: () => void;
}

export const NO_ASSIGNMENT: Buffer = Buffer.alloc(0);

/** The answer to a JoinGroup that is refused; `memberId` is what the client goes on with. */
export const joinRefusal = (errorCode: ErrorCode, memberId: string): JoinResult => ({
  errorCode,
  generationId: -1,
  protocolType: null,
  protocolName: null,
  leader: "",
  skipAssignment: false,
  memberId,
  members: [],
});

export const syncRefusal = (errorCode: ErrorCode): SyncResult => ({
  errorCode,
  protocolType: null,
  protocolName: null,
  assignment: NO_ASSIGNMENT,
});

/** Whether a member that joins again offers exactly what it did before. */
export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, index) => {
      const other = b[index];
      return other?.name === name && other.metadata.equals(metadata);
    })
  );
}

/** The protocols that every member can take part in. */
export function commonProtocols(members: Iterable<Pick<Member, "protocols">>): Set<string> {
  let common: Set<string> | undefined;
  for (const { protocols } of members) {
    const names = protocols.map(({ name }) => name);
    common = new Set(common === undefined ? names : names.filter((name) => common?.has(name)));
  }
  return common ?? new Set();
}

/** The protocol of the next generation: each member votes for the first of its list that all have in common. */
export function chooseProtocol(members: readonly Pick<Member, "protocols">[]): string | null {
  const common = commonProtocols(members);
  const votes = new Map<string, number>();
  for (const { protocols } of members) {
    const favourite = protocols.find(({ name }) => common.has(name))?.name;
    if (favourite !== undefined) votes.set(favourite, (votes.get(favourite) ?? 0) + 1);
  }
  let chosen: string | null = null;
  for (const [name, count] of votes) {
    if (chosen === null || count > (votes.get(chosen) ?? 0)) chosen = name;
  }
  return chosen;
}

export const metadataFor = (member: Member, protocol: string | null): Buffer =>
  member.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_ASSIGNMENT;
