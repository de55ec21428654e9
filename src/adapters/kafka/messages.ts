import type { Messages, ProduceRequest, TailQuery } from "../../core/kafka/messages.ts";
import { produceAll } from "./accumulator.ts";
import type { KafkaPort, Offsets, PartitionStart } from "./port.ts";
import { positionsIn } from "./positions.ts";

const ACKS = { all: -1, leader: 1, none: 0 } as const;

/** Reading and writing through a port. */
export function createMessages(port: KafkaPort, run: { signal: AbortSignal; timeoutMs: number }): Messages {
  return {
    async *tail(query) {
      const batches =
        query.group === undefined
          ? port.consume(await startsOf(port, query), query)
          : port.consumeAsMember({
              group: query.group,
              topics: query.topics,
              fromBeginning: query.from.at === "beginning",
              until: query.follow ? undefined : await endsOf(port, query.topics),
              onInterruption: query.onInterruption,
            });
      for await (const messages of batches) yield* messages;
    },

    async produce({ topic, acks, codec, idempotent, messages }: ProduceRequest, progress) {
      const producer = await port.openProducer({ topic, acks: ACKS[acks], codec, idempotent });
      const begin = performance.now();
      try {
        const summary = await produceAll(producer, messages, {
          topic,
          ...run,
          onProgress: (done) =>
            progress({ phase: "producing", message: `Writing to ${topic}`, done, unit: "items" }),
        });
        const seconds = Math.round(performance.now() - begin) / 1000;
        return { topic, ...summary, seconds };
      } finally {
        await producer.close();
      }
    },
  };
}

async function startsOf(
  { admin }: KafkaPort,
  { topics, partitions, from, follow }: TailQuery,
): Promise<PartitionStart[]> {
  const starts = await Promise.all(
    topics.map(async (topic) => {
      const positions = await positionsIn(admin, topic, { partitions, from, nearest: false });
      return positions.map(({ partition, offset, endOffset }) => ({
        topic,
        partition,
        offset,
        until: follow ? undefined : endOffset,
      }));
    }),
  );
  return starts.flat();
}

async function endsOf({ admin }: KafkaPort, topics: readonly string[]): Promise<Map<string, Offsets>> {
  const ends = await Promise.all(
    topics.map(async (topic) => [topic, await admin.offsets(topic, "end")] as const),
  );
  return new Map(ends);
}
