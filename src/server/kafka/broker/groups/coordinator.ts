import type { Clock } from "../clock.ts";
import { ErrorCode } from "../protocol/errors.ts";
import { Group, type GroupSettings } from "./group.ts";
import { describeGroup, type GroupDescription } from "./group-description.ts";
import { type JoinRequest, join } from "./join.ts";
import { type JoinResult, joinRefusal, type SyncResult, syncRefusal } from "./member.ts";
import { checkCommit, heartbeat, leave, type MemberReference, type SyncRequest, sync } from "./membership.ts";
import { expiredOffsets } from "./offset-expiry.ts";
import type { CommittedOffset, OffsetStore } from "./offset-store.ts";
import { answered } from "./parked-request.ts";
import { topicsInUse } from "./subscription.ts";

/** How often offsets that are too old are looked for, in milliseconds. */
const CLEANUP_INTERVAL = 10 * 60_000;

export interface CoordinatorOptions {
  store: OffsetStore;
  clock: Clock;
  settings: GroupSettings;
  /** How long offsets are kept that no member of their group can still move, in milliseconds. */
  offsetsRetention: number;
}

/** A position to commit. */
export interface OffsetToCommit extends Omit<CommittedOffset, "at"> {
  topic: string;
  partition: number;
}

const isGroupId = (id: string) => id !== "";

/** The groups of the broker: finds or makes the one that a request is about, and keeps what outlives its members. */
export class GroupCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #groups = new Map<string, Group>();
  #stopCleanup: () => void;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#stopCleanup = this.#scheduleCleanup();
  }

  /** Answers when the rebalance has ended; `signal` fires when the client is gone. */
  join(groupId: string, request: JoinRequest, signal: AbortSignal): Promise<JoinResult> {
    const { memberId, protocolType, protocols } = request;
    if (!isGroupId(groupId)) return Promise.resolve(joinRefusal(ErrorCode.INVALID_GROUP_ID, memberId));
    let group = this.#find(groupId);
    if (group === undefined) {
      if (memberId !== "") return Promise.resolve(joinRefusal(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
      if (protocolType === "" || protocols.length === 0) {
        return Promise.resolve(joinRefusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId));
      }
      group = this.#make(groupId, { id: 0, protocolType: null });
    }
    const joined = group;
    const gone = joinRefusal(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId);
    return answered(joined, signal, gone, (reply) => join(joined, request, reply));
  }

  sync(groupId: string, request: SyncRequest, signal: AbortSignal): Promise<SyncResult> {
    const group = this.#find(groupId);
    if (group === undefined) return Promise.resolve(syncRefusal(unknown(groupId)));
    const gone = syncRefusal(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    return answered(group, signal, gone, (reply) => sync(group, request, reply));
  }

  heartbeat(groupId: string, request: MemberReference): ErrorCode {
    const group = this.#find(groupId);
    return group === undefined ? unknown(groupId) : heartbeat(group, request);
  }

  /** @returns one error code for each of those who leave */
  leave(
    groupId: string,
    leaving: readonly Pick<MemberReference, "memberId" | "groupInstanceId">[],
  ): ErrorCode[] {
    const group = this.#find(groupId);
    return leaving.map(({ memberId, groupInstanceId }) =>
      group === undefined ? unknown(groupId) : leave(group, memberId, groupInstanceId),
    );
  }

  /** Answers when the offsets are written. @throws when they cannot be */
  async commit(
    groupId: string,
    sender: MemberReference,
    offsets: readonly OffsetToCommit[],
  ): Promise<ErrorCode> {
    const code = this.checkCommit(groupId, sender);
    if (code !== ErrorCode.NONE || offsets.length === 0) return code;
    const at = this.#options.clock.now();
    await this.#options.store.write({
      type: "offsets",
      group: groupId,
      offsets: offsets.map(({ topic, partition, offset, leaderEpoch, metadata }) => [
        topic,
        partition,
        offset,
        leaderEpoch,
        metadata,
        at,
      ]),
    });
    return ErrorCode.NONE;
  }

  checkCommit(groupId: string, sender: MemberReference): ErrorCode {
    if (!isGroupId(groupId)) return ErrorCode.INVALID_GROUP_ID;
    const group = this.#find(groupId);
    if (group !== undefined) return checkCommit(group, sender);
    return sender.generationId < 0 ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
  }

  /** By topic and partition. */
  offsets(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#options.store.get(groupId)?.offsets ?? new Map();
  }

  ids(): string[] {
    return [...new Set([...this.#groups.keys(), ...this.#options.store.ids()])].sort();
  }

  /** Undefined for a group that there is not. */
  describe(groupId: string): GroupDescription | undefined {
    const group = this.#find(groupId);
    return group === undefined ? undefined : describeGroup(group);
  }

  /** Removes a group that has no members, with its offsets. @throws when that cannot be written */
  async remove(groupId: string): Promise<ErrorCode> {
    if (!isGroupId(groupId)) return ErrorCode.INVALID_GROUP_ID;
    const group = this.#find(groupId);
    if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    if (group.state !== "Empty") return ErrorCode.NON_EMPTY_GROUP;
    group.close();
    this.#groups.delete(groupId);
    await this.#options.store.write({ type: "group-removed", group: groupId });
    return ErrorCode.NONE;
  }

  /**
   * Forgets positions of a group, except in topics that it is consuming.
   * @returns one error code for the group, or one for each partition
   * @throws when that cannot be written
   */
  async removeOffsets(
    groupId: string,
    partitions: readonly [topic: string, partition: number][],
  ): Promise<ErrorCode | ErrorCode[]> {
    const group = this.#find(groupId);
    if (group === undefined)
      return isGroupId(groupId) ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.INVALID_GROUP_ID;
    const used = topicsInUse(group);
    if (used === undefined) return ErrorCode.NON_EMPTY_GROUP;
    const removed = partitions.filter(([topic]) => !used.has(topic));
    await this.#removeOffsets(groupId, removed);
    return partitions.map(([topic]) =>
      used.has(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE,
    );
  }

  /** Forgets what groups have committed in a topic that is gone. @throws when that cannot be written */
  async forgetTopic(topic: string): Promise<void> {
    const { store } = this.#options;
    for (const groupId of store.ids()) {
      const partitions = store.get(groupId)?.offsets.get(topic)?.keys() ?? [];
      await this.#removeOffsets(
        groupId,
        [...partitions].map((partition) => [topic, partition]),
      );
    }
  }

  /** Stops all timers; who waits is told to look for the coordinator again. */
  close(): void {
    this.#stopCleanup();
    for (const group of this.#groups.values()) group.close();
  }

  #find(groupId: string): Group | undefined {
    const group = this.#groups.get(groupId);
    if (group !== undefined) return group;
    const stored = this.#options.store.get(groupId);
    if (stored === undefined) return undefined;
    return this.#make(groupId, { id: stored.generation, protocolType: stored.protocolType });
  }

  #make(groupId: string, last: { id: number; protocolType: string | null }): Group {
    const { clock, settings, store } = this.#options;
    const surroundings = {
      clock,
      settings,
      newId: () => crypto.randomUUID(),
      saveGeneration(
        { id, protocolType, active }: { id: number; protocolType: string | null; active: boolean },
        done: (saved: boolean) => void,
      ) {
        const emptySince = active ? null : clock.now();
        store
          .write({ type: "generation", group: groupId, generation: id, protocolType, emptySince })
          .then(() => done(true))
          .catch(() => done(false));
      },
    };
    const group = new Group(groupId, surroundings, last);
    this.#groups.set(groupId, group);
    return group;
  }

  async #removeOffsets(groupId: string, partitions: [string, number][]): Promise<void> {
    if (partitions.length === 0) return;
    await this.#options.store.write({ type: "offsets-removed", group: groupId, partitions });
  }

  #scheduleCleanup(): () => void {
    return this.#options.clock.after(CLEANUP_INTERVAL, () => {
      this.#stopCleanup = this.#scheduleCleanup();
      // What cannot be written now is found again next time.
      void this.#removeExpired().catch(() => {});
    });
  }

  /** Removes the offsets that nobody came back for, and the groups that have nothing left. */
  async #removeExpired(): Promise<void> {
    const { clock, offsetsRetention, store } = this.#options;
    const oldest = clock.now() - offsetsRetention;
    for (const groupId of this.ids()) {
      const group = this.#find(groupId);
      if (group === undefined || group.state !== "Empty" || group.pending.size > 0) continue;
      const { expired, kept } = expiredOffsets(store.get(groupId), oldest);
      if (kept === 0) await this.remove(groupId);
      else await this.#removeOffsets(groupId, expired);
    }
  }
}

/** The error about a group that there is not: of a group without members, nobody is one. */
const unknown = (groupId: string): ErrorCode =>
  isGroupId(groupId) ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.INVALID_GROUP_ID;
