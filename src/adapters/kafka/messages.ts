import type { Messages, ProduceRequest, TailQuery } from "../../core/kafka/messages.ts";
import { produceAll } from "./accumulator.ts";
import type { KafkaPort, Offsets, PartitionStart } from "./port.ts";
import { positionsIn } from "./positions.ts";

const ACKS = { all: -1, leader: 1, none: 0 } as const;

/** Reading and writing through a port. */
export function createMessages(port: KafkaPort, run: { signal: AbortSignal; timeoutMs: number }): Messages {
  return {
    async *tail(query) {
      const { group, topics, from, follow, limit, onInterruption } = query;
      if (group !== undefined) {
        const until = follow ? undefined : await endsOf(port, topics);
        const fromBeginning = from.at === "beginning";
        const batches = port.consumeAsMember({ group, topics, fromBeginning, until, limit, onInterruption });
        for await (const messages of batches) yield* messages;
        return;
      }
      let left = limit ?? Number.POSITIVE_INFINITY;
      for await (const messages of port.consume(await startsOf(port, query), query)) {
        yield* messages.slice(0, left);
        left -= messages.length;
        if (left <= 0) return;
      }
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
