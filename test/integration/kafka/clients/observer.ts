import { setTimeout as sleep } from "node:timers/promises";
import { CODECS } from "../../../../src/core/kafka/compression.ts";
import { createTopics } from "../../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { describeGroups } from "../../../../src/server/kafka/broker/protocol/messages/describe-groups.ts";
import { fetch } from "../../../../src/server/kafka/broker/protocol/messages/fetch.ts";
import { offsetFetch } from "../../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import type { Endpoint } from "../../../../src/server/kafka/broker/protocol/registry.ts";
import { WireClient } from "../../../helpers/kafka-wire.ts";

/** Asks a broker what clients have done to it, whatever they say themselves. */
export class Observer implements Disposable {
  readonly #client: WireClient;

  private constructor(client: WireClient) {
    this.#client = client;
  }

  static async connect(address: Endpoint): Promise<Observer> {
    return new Observer(await WireClient.connect(address));
  }

  /** Makes a topic and waits until it can be used. */
  async createTopic(name: string, numPartitions: number): Promise<void> {
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] };
    const request = { topics: [topic], timeoutMs: 10_000, validateOnly: false };
    const { topics } = await this.#client.call(createTopics, 7, request);
    const [{ errorCode }] = topics as [{ errorCode: number }];
    if (errorCode !== 0) throw new Error(`the topic ${name} cannot be made: ${errorCode}`);
    while ((await this.#read(name, numPartitions - 1)) === undefined) await sleep(20);
  }

  /** How many partitions each member of a group has, in ascending order. */
  async assigned(group: string): Promise<number[]> {
    const { groups } = await this.#client.call(describeGroups, 5, { groups: [group] });
    const [{ groupState, members }] = groups as [
      { groupState: string; members: { memberAssignment: Buffer }[] },
    ];
    if (groupState !== "Stable") return [];
    return members.map(({ memberAssignment }) => partitionsIn(memberAssignment)).sort();
  }

  /** The sum of the offsets that a group has committed. */
  async committed(groupId: string): Promise<number> {
    const asked = { groupId, memberId: null, memberEpoch: -1, topics: null };
    const { groups } = await this.#client.call(offsetFetch, 9, { groups: [asked] });
    const [{ topics }] = groups as [{ topics: { partitions: { committedOffset: number }[] }[] }];
    const partitions = topics.flatMap((topic) => topic.partitions);
    return partitions.reduce((sum, { committedOffset }) => sum + committedOffset, 0);
  }

  /** The codecs of the batches of partition 0, each once. */
  async codecs(topic: string): Promise<string[]> {
    const records = (await this.#read(topic, 0)) ?? Buffer.alloc(0);
    const found = new Set<string>();
    for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) {
      found.add(CODECS[records.readInt16BE(at + 21) & 7] ?? "unknown");
    }
    return [...found];
  }

  [Symbol.dispose](): void {
    this.#client.socket.destroy();
  }

  /** The records of a partition from its first on; undefined when there is no such partition (yet). */
  async #read(topic: string, partition: number): Promise<Buffer | undefined> {
    const wanted = { partition, fetchOffset: 0, partitionMaxBytes: 4 * 1024 * 1024 };
    const request = { maxWaitMs: 0, minBytes: 0, topics: [{ topic, partitions: [wanted] }] };
    const { responses } = await this.#client.call(fetch, 4, {
      replicaId: -1,
      maxBytes: 8 * 1024 * 1024,
      isolationLevel: 0,
      ...request,
    });
    const [{ partitions }] = responses as [{ partitions: [{ errorCode: number; records: Buffer }] }];
    const [{ errorCode, records }] = partitions;
    return errorCode === 0 ? records : undefined;
  }
}

/** The partitions in an assignment of Kafka's consumers: a version, then topics with their partitions. */
function partitionsIn(assignment: Buffer): number {
  if (assignment.length === 0) return 0;
  let partitions = 0;
  let at = 6;
  for (let topics = assignment.readInt32BE(2); topics > 0; topics -= 1) {
    at += 2 + assignment.readInt16BE(at);
    const count = assignment.readInt32BE(at);
    partitions += count;
    at += 4 + 4 * count;
  }
  return partitions;
}
