import type { Group } from "../../../../../src/server/kafka/broker/groups/group.ts";
import { join } from "../../../../../src/server/kafka/broker/groups/join.ts";
import type { JoinResult, Reply, SyncResult } from "../../../../../src/server/kafka/broker/groups/member.ts";
import { abandon, heartbeat, leave, sync } from "../../../../../src/server/kafka/broker/groups/membership.ts";
import { ErrorCode } from "../../../../../src/server/kafka/broker/protocol/errors.ts";

const HEARTBEAT = 3_000;
const LATENCY = 5;

export interface ConsumerOptions {
  group: Group;
  instanceId: string | null;
  sessionTimeout: number;
  rebalanceTimeout: number;
  partitions: number;
  /** Told of each assignment as it is taken. */
  onAssigned(owner: string, generation: number, partitions: number[]): void;
}

/** A consumer as clients of Kafka are: joins, assigns when it leads, syncs, sends heartbeats, joins again when told to. */
export class SimulatedConsumer {
  readonly #options: ConsumerOptions;
  #memberId = "";
  #generation = -1;
  #owned: number[] = [];
  #alive = true;
  #stopTimer = () => {};
  #hangUp = () => {};

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#later(LATENCY, () => this.#join());
  }

  get alive(): boolean {
    return this.#alive;
  }

  get instanceId(): string | null {
    return this.#options.instanceId;
  }

  get generation(): number {
    return this.#generation;
  }

  get owned(): readonly number[] {
    return this.#owned;
  }

  /** Falls silent; its machine may close the connection or not. */
  crash({ closes }: { closes: boolean }): void {
    this.#end();
    if (closes) this.#hangUp();
  }

  leave(): void {
    this.#end();
    this.#hangUp();
    leave(this.#options.group, this.#memberId, this.#options.instanceId);
  }

  #end(): void {
    this.#alive = false;
    this.#owned = [];
    this.#stopTimer();
  }

  #later(delay: number, action: () => void): void {
    this.#stopTimer();
    this.#stopTimer = this.#options.group.surroundings.clock.after(delay, action);
  }

  #request<Result>(send: (reply: Reply<Result>) => void, handle: (result: Result) => void): void {
    const { group } = this.#options;
    const reply = (result: Result) => {
      if (this.#alive) this.#later(LATENCY, () => handle(result));
    };
    this.#hangUp = () => abandon(group, reply);
    send(reply);
  }

  #join(): void {
    this.#owned = [];
    const { group, instanceId, sessionTimeout, rebalanceTimeout } = this.#options;
    this.#request<JoinResult>(
      (reply) =>
        join(
          group,
          {
            memberId: this.#memberId,
            groupInstanceId: instanceId,
            clientId: "c",
            clientHost: "/127.0.0.1",
            sessionTimeout,
            rebalanceTimeout,
            protocolType: "consumer",
            protocols: [{ name: "range", metadata: Buffer.from("m") }],
            needsMemberId: true,
            canSkipAssignment: true,
          },
          reply,
        ),
      (result) => this.#joined(result),
    );
  }

  #joined(result: JoinResult): void {
    if (result.errorCode === ErrorCode.MEMBER_ID_REQUIRED) this.#memberId = result.memberId;
    if (result.errorCode !== ErrorCode.NONE) {
      this.#recover(result.errorCode);
      return;
    }
    this.#memberId = result.memberId;
    this.#generation = result.generationId;
    const assigns = result.leader === result.memberId && !result.skipAssignment;
    const assignments = result.members.map(({ memberId }, index) => ({
      memberId,
      assignment: Buffer.from(this.#share(index, result.members.length)),
    }));
    const { group, instanceId } = this.#options;
    this.#request<SyncResult>(
      (reply) =>
        sync(
          group,
          {
            memberId: this.#memberId,
            groupInstanceId: instanceId,
            generationId: this.#generation,
            protocolType: result.protocolType,
            protocolName: result.protocolName,
            assignments: assigns ? assignments : [],
          },
          reply,
        ),
      (answer) => this.#synced(answer),
    );
  }

  #share(index: number, members: number): number[] {
    const all = Array.from({ length: this.#options.partitions }, (_, partition) => partition);
    return all.filter((partition) => partition % members === index);
  }

  #synced({ errorCode, assignment }: SyncResult): void {
    if (errorCode !== ErrorCode.NONE) {
      this.#recover(errorCode);
      return;
    }
    this.#owned = [...assignment];
    const { instanceId, onAssigned } = this.#options;
    onAssigned(instanceId ?? this.#memberId, this.#generation, this.#owned);
    this.#later(HEARTBEAT, () => this.#heartbeat());
  }

  #heartbeat(): void {
    const { group, instanceId } = this.#options;
    const code = heartbeat(group, {
      memberId: this.#memberId,
      groupInstanceId: instanceId,
      generationId: this.#generation,
    });
    if (code === ErrorCode.NONE) this.#later(HEARTBEAT, () => this.#heartbeat());
    else this.#recover(code);
  }

  #recover(code: ErrorCode): void {
    // Whoever is fenced has been replaced.
    if (code === ErrorCode.FENCED_INSTANCE_ID) {
      this.#end();
      return;
    }
    this.#owned = [];
    if (code === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = "";
    this.#later(LATENCY, () => this.#join());
  }
}
