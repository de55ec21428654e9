import { createRequire } from "node:module";
import kafkajs from "kafkajs";
import { CODECS, compress, decompress } from "../../../../src/core/kafka/compression.ts";
import type { ClientKind, Consumption } from "./client.ts";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel, Partitioners } = kafkajs;
const { version } = createRequire(import.meta.url)("kafkajs/package.json") as { version: string };

/** Of a batch without its compression. */
const MOST_BYTES = 16 * 1024 * 1024;

/** kafkajs brings gzip alone, and takes the others from its user. */
for (const [type, codec] of [
  [CompressionTypes.Snappy, "snappy"],
  [CompressionTypes.LZ4, "lz4"],
  [CompressionTypes.ZSTD, "zstd"],
] as const) {
  CompressionCodecs[type] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compress(codec, buffer),
    decompress: async (buffer: Buffer) => decompress(codec, buffer, MOST_BYTES),
  });
}

export const kafkaJs: ClientKind = {
  title: "kafkajs",
  packages: [],
  codecs: CODECS,
  async connect(bootstrap) {
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 8 } });

    async function withAdmin<T>(work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
      const admin = kafka.admin();
      await admin.connect();
      try {
        return await work(admin);
      } finally {
        await admin.disconnect();
      }
    }

    function read(group: string, topic: string): Consumption & { consumer: kafkajs.Consumer } {
      const consumer = kafka.consumer({ groupId: group, heartbeatInterval: 100, maxWaitTimeInMs: 100 });
      const values: string[] = [];
      const started = (async () => {
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          async eachMessage({ message }) {
            values.push(String(message.value));
          },
        });
      })();
      return {
        consumer,
        values,
        async stop() {
          await started;
          await consumer.disconnect();
        },
      };
    }

    return {
      version,
      async produce(topic, codec, values) {
        const producer = kafka.producer({
          idempotent: true,
          createPartitioner: Partitioners.DefaultPartitioner,
        });
        await producer.connect();
        try {
          const messages = values.map((value) => ({ value }));
          await producer.send({ topic, compression: CODECS.indexOf(codec), messages });
        } finally {
          await producer.disconnect();
        }
      },
      consume: read,
      async valuesSince(topic, time) {
        const [start] = await withAdmin((admin) => admin.fetchTopicOffsetsByTimestamp(topic, time));
        const [end] = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
        const count = Number(end?.high) - Number(start?.offset);
        const { consumer, values, stop } = read(`since-${topic}`, topic);
        consumer.on(consumer.events.GROUP_JOIN, () => {
          consumer.seek({ topic, partition: 0, offset: String(start?.offset) });
        });
        while (values.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
        await stop();
        return [...values];
      },
      admin: {
        create: (topic, numPartitions) =>
          withAdmin(async (admin) => {
            const made = await admin.createTopics({ topics: [{ topic, numPartitions }] });
            if (!made) throw new Error("createTopics returned false");
          }),
        partitions: (topic) =>
          withAdmin(async (admin) => {
            const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
            return topics[0]?.partitions.length ?? 0;
          }),
        remove: (topic) => withAdmin((admin) => admin.deleteTopics({ topics: [topic] })),
      },
    };
  },
};
