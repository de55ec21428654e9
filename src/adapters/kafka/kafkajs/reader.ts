import { setTimeout as sleep } from "node:timers/promises";
import type Cluster from "kafkajs/src/cluster/index.js";
import type { FetchedMessage, FetchedPartition } from "kafkajs/src/cluster/index.js";
import filterAbortedMessages from "kafkajs/src/consumer/filterAbortedMessages.js";
import type { StoredMessage } from "../../../core/kafka/messages.ts";
import { isConnectionFailure, rootFailure, toKafkaError } from "../errors.ts";
import type { ConsumeOptions, PartitionStart } from "../port.ts";
import { Backoff } from "./backoff.ts";
import type { KafkaClient } from "./client.ts";

/** How long a broker may wait for something to come, in milliseconds. */
const WAIT = 500;
/** Of an answer, and of one partition in it. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_BYTES_OF_PARTITION = 4 * 1024 * 1024;
const READ_COMMITTED = 1;
/** So many empty answers where there should be something mean that compaction left nothing to show there. */
const EMPTY_ANSWERS = 3;

interface Cursor extends PartitionStart {
  empty: number;
}

type Answer =
  | { leader: number; partitions: { topic: string; data: FetchedPartition }[] }
  | { leader: number; error: unknown };

/** See `KafkaPort.consume`. Reads ahead by one answer of each broker. */
export async function* readPartitions(
  client: KafkaClient,
  starts: readonly PartitionStart[],
  { onInterruption }: ConsumeOptions,
): AsyncGenerator<StoredMessage[]> {
  const cursors = starts.map((start): Cursor => ({ ...start, empty: 0 }));
  const topics = [...new Set(starts.map(({ topic }) => topic))];
  const cluster = await client.within(client.openCluster());
  // Ends fetches that wait for something to come.
  const onAbort = () => void cluster.disconnect().catch(() => {});
  client.signal.addEventListener("abort", onAbort, { once: true });
  const backoff = new Backoff(
    client,
    onInterruption,
    cursors.every(({ until }) => until === undefined),
  );
  const underWay = new Map<number, Promise<Answer>>();
  // Handed on when the next is under way already.
  let read: StoredMessage[] = [];
  try {
    await client.within(cluster.addMultipleTargetTopics(topics), { topic: topics[0] });
    for (;;) {
      client.signal.throwIfAborted();
      const open = cursors.filter(({ offset, until }) => until === undefined || offset < until);
      try {
        await cluster.refreshMetadataIfNecessary();
        for (const [leader, own] of Map.groupBy(open, (cursor) => leaderOf(cluster, cursor))) {
          if (!underWay.has(leader)) underWay.set(leader, fetchFrom(cluster, leader, own));
        }
      } catch (error) {
        await recover(error);
        continue;
      }
      if (underWay.size === 0) {
        if (read.length > 0) yield read;
        return;
      }
      if (read.length > 0) yield read;
      const answer = await Promise.race(underWay.values());
      underWay.delete(answer.leader);
      read = [];
      if ("error" in answer) {
        await recover(answer.error);
        continue;
      }
      backoff.reset();
      read = answer.partitions.flatMap(({ topic, data }) => take(cursors, topic, data));
    }
  } finally {
    client.signal.removeEventListener("abort", onAbort);
    await cluster.disconnect().catch(() => {});
    await Promise.allSettled(underWay.values());
  }

  async function recover(thrown: unknown): Promise<void> {
    client.signal.throwIfAborted();
    const failure = rootFailure(thrown) as ReturnType<typeof rootFailure> & {
      topic?: string;
      partition?: number;
    };
    if (failure.name === "KafkaJSOffsetOutOfRange") {
      await skipDeleted(cluster, cursors, onInterruption);
      return;
    }
    if (!isConnectionFailure(failure) && failure.retriable !== true) {
      throw toKafkaError(thrown, { ...client.asked, topic: failure.topic ?? topics[0] });
    }
    await backoff.wait(thrown);
    try {
      if (!cluster.isConnected()) await cluster.connect();
      await cluster.refreshMetadata();
    } catch (error) {
      const again = rootFailure(error);
      if (!isConnectionFailure(again) && again.retriable !== true) {
        throw toKafkaError(error, { ...client.asked, topic: topics[0] });
      }
    }
  }
}

function leaderOf(cluster: Cluster, { topic, partition }: Cursor): number {
  const found = cluster
    .findTopicPartitionMetadata(topic)
    .find(({ partitionId }) => partitionId === partition);
  if (found !== undefined && found.leader >= 0) return found.leader;
  throw Object.assign(new Error(`partition ${partition} of topic "${topic}" has no leader`), {
    name: "KafkaJSBrokerNotFound",
    retriable: true,
  });
}

async function fetchFrom(cluster: Cluster, leader: number, cursors: readonly Cursor[]): Promise<Answer> {
  try {
    const broker = await cluster.findBroker({ nodeId: leader });
    const topics = [...Map.groupBy(cursors, ({ topic }) => topic)].map(([topic, own]) => ({
      topic,
      partitions: own.map(({ partition, offset }) => ({
        partition,
        fetchOffset: String(offset),
        maxBytes: MOST_BYTES_OF_PARTITION,
      })),
    }));
    const { responses } = await broker.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime: WAIT,
      minBytes: 1,
      maxBytes: MOST_BYTES,
      topics,
    });
    const partitions = responses.flatMap(({ topicName, partitions }) =>
      partitions.map((data) => ({ topic: topicName, data })),
    );
    return { leader, partitions };
  } catch (error) {
    return { leader, error };
  }
}

/** Moves the cursor of a partition over what was fetched. @returns what of it is to be shown. */
function take(cursors: readonly Cursor[], topic: string, data: FetchedPartition): StoredMessage[] {
  const cursor = cursors.find((one) => one.topic === topic && one.partition === data.partition);
  if (cursor === undefined) return [];
  const { offset: from, until } = cursor;
  const last = data.messages.at(-1);
  if (last !== undefined && Number(last.offset) >= from) {
    cursor.offset = Number(last.offset) + 1;
    cursor.empty = 0;
    // Whole batches are sent: what comes before in the first one was not asked for.
    const messages = data.messages.filter(
      ({ offset }) => Number(offset) >= from && (until === undefined || Number(offset) < until),
    );
    return filterAbortedMessages({ messages, abortedTransactions: data.abortedTransactions })
      .filter(({ isControlRecord }) => isControlRecord !== true)
      .map((message) => toStored(topic, data.partition, message));
  }
  const stable = Number(data.lastStableOffset);
  cursor.empty = from < stable ? cursor.empty + 1 : 0;
  if (cursor.empty >= EMPTY_ANSWERS) cursor.offset = stable;
  // What a transaction holds back was not there to be read when the reading began.
  if (until !== undefined && from >= stable) cursor.offset = until;
  return [];
}

/** Goes on at the first message that is left in partitions whose next one was deleted meanwhile. */
async function skipDeleted(
  cluster: Cluster,
  cursors: readonly Cursor[],
  onInterruption: (error: Error) => void,
): Promise<void> {
  for (const [topic, own] of Map.groupBy(cursors, (cursor) => cursor.topic)) {
    const partitions = own.map(({ partition }) => ({ partition }));
    const [[first], [end]] = await Promise.all([
      cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: true }]),
      cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: false }]),
    ]);
    for (const cursor of own) {
      const offsetIn = (found: typeof first) =>
        Number(
          found?.partitions.find(({ partition }) => partition === cursor.partition)?.offset ?? cursor.offset,
        );
      const [lowest, highest] = [offsetIn(first), offsetIn(end)];
      const offset = Math.min(Math.max(cursor.offset, lowest), highest);
      if (offset === cursor.offset) continue;
      onInterruption(
        new Error(
          `partition ${cursor.partition} of topic "${topic}" has no offset ${cursor.offset} any more`,
        ),
      );
      cursor.offset = offset;
    }
  }
  await sleep(0);
}

/** A message as the rest of the adapter knows it. */
export function toStored(
  topic: string,
  partition: number,
  message: Pick<FetchedMessage, "offset" | "timestamp" | "key" | "value" | "headers">,
): StoredMessage {
  const time = Number(message.timestamp);
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestamp: time >= 0 ? new Date(time).toISOString() : null,
    key: message.key,
    value: message.value,
    headers: Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => [name, one ?? Buffer.alloc(0)] as const),
    ),
  };
}
