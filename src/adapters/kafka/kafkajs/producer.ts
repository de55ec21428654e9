import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { type PartitionMetadata } from "kafkajs";
import type Cluster from "kafkajs/src/cluster/index.js";
import { PlugctlError } from "../../../core/errors.ts";
import type { NewMessage } from "../../../core/kafka/messages.ts";
import { type Asked, isConnectionFailure, type KafkaFailure, rootFailure, toKafkaError } from "../errors.ts";
import type { BatchProducer, ProducerOptions } from "../port.ts";
import { type KafkaClient, whileLoading } from "./client.ts";
import { codecNumber } from "./codecs.ts";

/** So many batches of a producer does a broker know again; more may not be under way. */
const IDEMPOTENT_IN_FLIGHT = 5;
/** Milliseconds. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 2_000;
/** A sequence number that is followed by 0. */
const LAST_SEQUENCE = 2_147_483_647;
const TRANSACTION_TIMEOUT = 60_000;

interface Batch {
  messages: readonly object[];
  firstSequence: number;
  /** In ms, of `performance.now()`. */
  deadline: number;
  sent: boolean;
  resolve: (offset: number | null) => void;
  reject: (error: PlugctlError) => void;
}

/** The batches of one partition, oldest first: those under way, then those that wait. */
interface Lane {
  batches: Batch[];
  underWay: number;
  nextSequence: number;
  /** Something failed: nothing new is sent until what is under way has come back, and that goes first. */
  failed: KafkaFailure | undefined;
  delay: number;
}

/**
 * Produces with kafkajs' encoder and connections, and sequence numbers of our own. kafkajs' own idempotent producer gives
 * the numbers of a batch that failed to the next one that waits; a broker that had written the first, and whose answer
 * was lost, takes the second for it and drops it. Here a batch keeps its numbers, and goes again before all that came
 * after it.
 */
export async function openProducer(client: KafkaClient, options: ProducerOptions): Promise<BatchProducer> {
  const { topic, acks, idempotent } = options;
  const cluster = await client.within(client.openCluster(), { topic });
  const asked: Asked = { ...client.asked, topic };
  await client.within(cluster.addMultipleTargetTopics([topic]), asked);
  const partitions = cluster
    .findTopicPartitionMetadata(topic)
    .map(({ partitionId }) => partitionId)
    .sort((a, b) => a - b);
  const identity = idempotent
    ? await client.within(
        whileLoading(() => newIdentity(cluster)),
        asked,
      )
    : NOBODY;
  return new Producer({ client, cluster, asked, options, partitions, identity, acks });
}

interface Identity {
  producerId: string | number;
  producerEpoch: number;
}

const NOBODY: Identity = { producerId: -1, producerEpoch: 0 };

async function newIdentity(cluster: Cluster): Promise<Identity> {
  const broker = await cluster.findControllerBroker();
  const { producerId, producerEpoch } = await broker.initProducerId({
    transactionTimeout: TRANSACTION_TIMEOUT,
  });
  return { producerId, producerEpoch };
}

interface Parts {
  client: KafkaClient;
  cluster: Cluster;
  asked: Asked;
  options: ProducerOptions;
  partitions: readonly number[];
  identity: Identity;
  acks: ProducerOptions["acks"];
}

/** All that a partitioner looks at is how many partitions there are. */
const SOMEWHERE = { partitionErrorCode: 0, leader: 0, replicas: [], isr: [] };

class Producer implements BatchProducer {
  readonly partitions: readonly number[];
  readonly inFlight: number;
  readonly #parts: Parts;
  readonly #partitioner = kafkajs.Partitioners.DefaultPartitioner();
  readonly #metadata: PartitionMetadata[];
  readonly #lanes = new Map<number, Lane>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.partitions = parts.partitions;
    this.#metadata = parts.partitions.map((partitionId) => ({ ...SOMEWHERE, partitionId }));
    // Without numbers a batch that is sent again could come after the one that followed it.
    this.inFlight = parts.options.idempotent ? IDEMPOTENT_IN_FLIGHT : 1;
  }

  produceBatch(partition: number, messages: readonly NewMessage[]): Promise<number | null> {
    const lane = this.#lane(partition);
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    const firstSequence = lane.nextSequence;
    const after = firstSequence + messages.length;
    lane.nextSequence = after > LAST_SEQUENCE ? after - LAST_SEQUENCE - 1 : after;
    lane.batches.push({
      messages: messages.map(toWire),
      firstSequence,
      deadline: performance.now() + this.#parts.client.timeoutMs,
      sent: false,
      resolve,
      reject,
    });
    this.#pump(partition, lane);
    return promise;
  }

  partitionFor(key: Buffer): number {
    const { topic } = this.#parts.options;
    return this.#partitioner({ topic, partitionMetadata: this.#metadata, message: { key, value: null } });
  }

  async close(): Promise<void> {
    await this.#parts.cluster.disconnect();
  }

  #lane(partition: number): Lane {
    const known = this.#lanes.get(partition);
    if (known !== undefined) return known;
    const lane: Lane = { batches: [], underWay: 0, nextSequence: 0, failed: undefined, delay: FIRST_DELAY };
    this.#lanes.set(partition, lane);
    return lane;
  }

  #pump(partition: number, lane: Lane): void {
    if (lane.failed !== undefined) return;
    for (const batch of lane.batches) {
      if (lane.underWay >= this.inFlight) return;
      if (batch.sent) continue;
      batch.sent = true;
      lane.underWay += 1;
      void this.#send(partition, batch).then(
        (offset) => this.#succeeded(partition, lane, batch, offset),
        (error) => this.#failed(partition, lane, batch, rootFailure(error)),
      );
    }
  }

  async #send(partition: number, { messages, firstSequence }: Batch): Promise<number | null> {
    const { cluster, options, identity, client } = this.#parts;
    const leader = cluster
      .findTopicPartitionMetadata(options.topic)
      .find(({ partitionId }) => partitionId === partition)?.leader;
    const broker = await cluster.findBroker({ nodeId: leader ?? -1 });
    const answer = await broker.produce({
      topicData: [{ topic: options.topic, partitions: [{ partition, firstSequence, messages }] }],
      ...identity,
      acks: options.acks,
      timeout: client.timeoutMs,
      compression: codecNumber(options.codec),
    });
    const written = answer?.topics[0]?.partitions[0];
    const offset = Number(written?.baseOffset ?? written?.offset ?? -1);
    return offset < 0 ? null : offset;
  }

  #succeeded(partition: number, lane: Lane, batch: Batch, offset: number | null): void {
    lane.underWay -= 1;
    lane.batches.splice(lane.batches.indexOf(batch), 1);
    lane.delay = FIRST_DELAY;
    batch.resolve(offset);
    if (lane.failed === undefined) this.#pump(partition, lane);
    else if (lane.underWay === 0) this.#sendAgain(partition, lane);
  }

  #failed(partition: number, lane: Lane, batch: Batch, failure: KafkaFailure): void {
    // It was written so long ago that the broker does not know its offset any more.
    if (failure.type === "DUPLICATE_SEQUENCE_NUMBER") {
      this.#succeeded(partition, lane, batch, null);
      return;
    }
    lane.underWay -= 1;
    const first = lane.batches[0] === batch;
    // Behind a batch that failed every other is out of order; at the head it means that the broker forgot the producer.
    const outOfOrder = failure.type === "OUT_OF_ORDER_SEQUENCE_NUMBER";
    const again = outOfOrder ? !first : isConnectionFailure(failure) || failure.retriable === true;
    if (!again) {
      this.#giveUp(lane, failure);
      return;
    }
    if (!outOfOrder || lane.failed === undefined) lane.failed = failure;
    if (lane.underWay === 0) this.#sendAgain(partition, lane);
  }

  #sendAgain(partition: number, lane: Lane): void {
    const { cluster, client } = this.#parts;
    const failure = lane.failed;
    const [oldest] = lane.batches;
    if (failure === undefined || oldest === undefined) return;
    if (performance.now() > oldest.deadline || client.signal.aborted) {
      this.#giveUp(lane, failure);
      return;
    }
    const delay = lane.delay;
    lane.delay = Math.min(delay * 2, LONGEST_DELAY);
    void sleep(delay)
      .then(() => (cluster.isConnected() ? undefined : cluster.connect()))
      .then(() => cluster.refreshMetadata())
      .then(
        () => {
          lane.failed = undefined;
          for (const batch of lane.batches) batch.sent = false;
          this.#pump(partition, lane);
        },
        (error) => {
          lane.failed = rootFailure(error);
          this.#sendAgain(partition, lane);
        },
      );
  }

  /** Nothing that waits may go before what failed. */
  #giveUp(lane: Lane, failure: KafkaFailure): void {
    const { asked, client } = this.#parts;
    const error = toKafkaError(failure, asked);
    const [oldest] = lane.batches;
    const late = oldest !== undefined && performance.now() > oldest.deadline;
    const shown = late
      ? new PlugctlError(
          "TIMEOUT",
          `not acknowledged within ${client.timeoutMs / 1000} s: ${error.message}`,
          {
            hint: error.hint,
            cause: failure,
            details: error.details,
          },
        )
      : error;
    lane.failed = failure;
    for (const batch of lane.batches.splice(0)) batch.reject(shown);
  }
}

/** As kafkajs encodes it. */
function toWire({ key, value, headers, timestamp }: NewMessage): object {
  return {
    key,
    value,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(headers.length === 0 ? {} : { headers: groupHeaders(headers) }),
  };
}

function groupHeaders(headers: NewMessage["headers"]): Record<string, Buffer | Buffer[]> {
  const grouped = Map.groupBy(headers, ([name]) => name);
  return Object.fromEntries(
    [...grouped].map(([name, values]) => [name, values.map(([, value]) => value)] as const),
  );
}
