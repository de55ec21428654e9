import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, EachBatchPayload, IMemberAssignment } from "kafkajs";
import type { StoredMessage } from "../../../core/kafka/messages.ts";
import { isConnectionFailure, rootFailure, toKafkaError } from "../errors.ts";
import type { MemberOptions } from "../port.ts";
import type { KafkaClient } from "./client.ts";
import { toStored } from "./reader.ts";

/** Milliseconds. */
const SESSION_TIMEOUT = 30_000;
const HEARTBEAT = 3_000;
const WAIT = 250;
/** For leaving a group at the end; the group does without a goodbye after its session timeout. */
const LEAVE_TIMEOUT = 3_000;

/** What a batch hands over, and how it learns that it was taken. */
interface Delivery {
  messages: StoredMessage[];
  taken: () => void;
}

/** See `KafkaPort.consumeAsMember`. Leaves the group however it ends. */
export async function* readAsMember(
  client: KafkaClient,
  options: MemberOptions,
): AsyncGenerator<StoredMessage[]> {
  const { group, topics, fromBeginning, onInterruption } = options;
  const kafka = await client.kafka();
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: SESSION_TIMEOUT,
    heartbeatInterval: HEARTBEAT,
    maxWaitTimeInMs: WAIT,
    allowAutoTopicCreation: false,
    retry: { restartOnFailure: async () => true },
  });
  const queue = new Deliveries();
  const progress = new Progress(options);
  const onAbort = () => queue.end();
  client.signal.addEventListener("abort", onAbort, { once: true });
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    const failure = rootFailure(error);
    const passing = restart && (isConnectionFailure(failure) || failure.retriable === true);
    if (passing) onInterruption(toKafkaError(failure, client.asked));
    else queue.fail(toKafkaError(failure, { ...client.asked, group, topic: topics[0] }));
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
    progress.assign(memberAssignment);
    progress.check(queue);
  });
  try {
    await client.within(consumer.connect(), { group });
    await client.within(consumer.subscribe({ topics: [...topics], fromBeginning }), {
      group,
      topic: topics[0],
    });
    await client.within(
      consumer.run({
        eachBatchAutoResolve: false,
        eachBatch: (payload) => deliver(payload, queue, progress),
      }),
      { group, topic: topics[0] },
    );
    if (options.until !== undefined) await progress.begin(client, group);
    progress.check(queue);
    for await (const { messages, taken } of queue) {
      yield messages;
      taken();
    }
    client.signal.throwIfAborted();
  } finally {
    client.signal.removeEventListener("abort", onAbort);
    queue.end();
    await leave(consumer);
  }
}

async function leave(consumer: Consumer): Promise<void> {
  await Promise.race([
    consumer.disconnect().catch(() => {}),
    sleep(LEAVE_TIMEOUT, undefined, { ref: false }),
  ]);
}

/** Hands a batch over and commits it once it was taken, telling the group meanwhile that somebody is there. */
async function deliver(
  {
    batch,
    resolveOffset,
    heartbeat,
    commitOffsetsIfNecessary,
    uncommittedOffsets,
    isStale,
  }: EachBatchPayload,
  queue: Deliveries,
  progress: Progress,
): Promise<void> {
  const wanted = batch.messages.slice(0, progress.left);
  const all = wanted.length === batch.messages.length;
  const last = all ? batch.lastOffset() : (wanted.at(-1)?.offset ?? "");
  if (!all && wanted.length === 0) return;
  const messages = wanted.map((message) => toStored(batch.topic, batch.partition, message as never));
  if (messages.length > 0) {
    const taken = queue.offer(messages);
    const beating = setInterval(() => void heartbeat().catch(() => {}), HEARTBEAT);
    const wasTaken = await taken.finally(() => clearInterval(beating));
    // What nobody took is read again by whoever reads next.
    if (!wasTaken || isStale()) return;
  }
  resolveOffset(last);
  await commitOffsetsIfNecessary(uncommittedOffsets());
  progress.advance(batch.topic, batch.partition, { next: Number(last) + 1, messages: messages.length });
  progress.check(queue);
}

/** Batches on their way to whoever reads, one after the other. */
class Deliveries implements AsyncIterable<Delivery> {
  readonly #waiting: { messages: StoredMessage[]; settle: (taken: boolean) => void }[] = [];
  #wake: () => void = () => {};
  #ended = false;
  #error: Error | undefined;

  /** Resolves with whether the messages were taken. */
  offer(messages: StoredMessage[]): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ messages, settle: resolve });
    this.#wake();
    return promise;
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.end();
  }

  end(): void {
    this.#ended = true;
    for (const { settle } of this.#waiting.splice(0)) settle(false);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        let settled = false;
        try {
          yield {
            messages: next.messages,
            taken: () => {
              settled = true;
              next.settle(true);
            },
          };
        } finally {
          if (!settled) next.settle(false);
        }
        continue;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Tells when a member has come to where it is to end. */
class Progress {
  readonly #options: MemberOptions;
  /** How many messages are wanted still. */
  left: number;
  readonly #next = new Map<string, number>();
  #assigned: IMemberAssignment | undefined;
  #begun = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.left = options.limit ?? Number.POSITIVE_INFINITY;
  }

  assign(assignment: IMemberAssignment): void {
    this.#assigned = assignment;
  }

  advance(topic: string, partition: number, { next, messages }: { next: number; messages: number }): void {
    this.#next.set(`${topic}/${partition}`, next);
    this.left -= messages;
  }

  /** Where the group stood before anything was read. */
  async begin(client: KafkaClient, group: string): Promise<void> {
    const committed = await client.withAdmin({ group }, (admin) => admin.fetchOffsets({ groupId: group }));
    for (const { topic, partitions } of committed) {
      for (const { partition, offset } of partitions) {
        const key = `${topic}/${partition}`;
        if (Number(offset) >= 0 && !this.#next.has(key)) this.#next.set(key, Number(offset));
      }
    }
    this.#begun = true;
  }

  /** Ends the reading when every partition of this member has been read to its end, or enough of them. */
  check(queue: Deliveries): void {
    if (this.left <= 0) {
      queue.end();
      return;
    }
    const { until, fromBeginning } = this.#options;
    if (until === undefined || !this.#begun || this.#assigned === undefined) return;
    const done = Object.entries(this.#assigned).every(([topic, partitions]) =>
      partitions.every((partition) => {
        const end = until.get(topic)?.get(partition) ?? 0;
        return (this.#next.get(`${topic}/${partition}`) ?? (fromBeginning ? 0 : end)) >= end;
      }),
    );
    if (done) queue.end();
  }
}
