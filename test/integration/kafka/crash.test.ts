import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createTopics } from "../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { offsetFetch } from "../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { WireClient } from "../../helpers/kafka-wire.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import { BrokerProcess } from "./crash/broker-process.ts";
import { type Client, startConfluent, startKafkajsConsumer, startKafkajsProducer } from "./crash/clients.ts";
import { Ledger } from "./crash/ledger.ts";

/** How often the broker is killed; without it as often as fits the time, in milliseconds. */
const ROUNDS = Number(process.env.PLUGCTL_TEST_KAFKA_CRASHES ?? 0);
const TIME = 35_000;
/** Between the start of the broker and its end, in milliseconds. */
const SHORTEST_LIFE = 100;
const LONGEST_LIFE = 2_000;
const PATIENCE = 60_000;

const TOPIC = "crash";
const PARTITIONS = 3;
const GROUPS = ["kafkajs-group", "librdkafka-group"] as const;

async function createTopic(broker: BrokerProcess): Promise<void> {
  const client = await WireClient.connect(broker.endpoint);
  // The smallest that there are, so that segments are closed and begun all the time.
  const configs = [{ name: "segment.bytes", value: "1048576" }];
  const topic = { name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs };
  const { topics } = await client.call(createTopics, 7, {
    topics: [topic],
    timeoutMs: 1,
    validateOnly: false,
  });
  expect(topics).toMatchObject([{ errorCode: 0 }]);
  client.socket.destroy();
}

/** Offsets that a group has committed, by partition; 0 where there is none. */
async function committedOffsets(broker: BrokerProcess, groupId: string): Promise<number[]> {
  const client = await WireClient.connect(broker.endpoint);
  const asked = { groupId, memberId: null, memberEpoch: -1, topics: null };
  const { groups } = await client.call(offsetFetch, 9, { groups: [asked] });
  client.socket.destroy();
  const offsets = Array.from({ length: PARTITIONS }, () => 0);
  const [{ topics }] = groups as [
    { topics: { partitions: { partitionIndex: number; committedOffset: number }[] }[] },
  ];
  for (const { partitionIndex, committedOffset } of topics.flatMap(({ partitions }) => partitions)) {
    offsets[partitionIndex] = committedOffset;
  }
  return offsets;
}

/** Keys of all records of each partition, by offset, as kcat reads them. */
async function readKeys(broker: BrokerProcess): Promise<string[][]> {
  const { host, port } = broker.endpoint;
  const args = [
    "-b",
    `${host}:${port}`,
    "-C",
    "-t",
    TOPIC,
    "-o",
    "beginning",
    "-e",
    "-q",
    "-f",
    "%p %o %k\n",
  ];
  const { stdout } = await promisify(execFile)("kcat", args, { maxBuffer: 1 << 30 });
  const keys = Array.from({ length: PARTITIONS }, (): string[] => []);
  for (const line of stdout.split("\n").filter((text) => text !== "")) {
    const [partition, offset, key = ""] = line.split(" ");
    const ofPartition = keys[Number(partition)] as string[];
    expect(Number(offset)).toBe(ofPartition.length);
    ofPartition.push(key);
  }
  return keys;
}

describeWith(["kcat", "python3-confluent-kafka"], "a broker that is killed again and again", () => {
  const title = "loses, repeats and moves no acknowledged record, and takes back no committed offset";
  it(title, { timeout: TIME + 2 * PATIENCE + ROUNDS * 5_000 }, async () => {
    const broker = new BrokerProcess(await makeTempDir());
    await broker.start();
    await createTopic(broker);
    const { host, port } = broker.endpoint;
    const ledger = new Ledger(PARTITIONS);
    const traffic = { address: `${host}:${port}`, topic: TOPIC, partitions: PARTITIONS, ledger };
    const producers: Client[] = [
      startConfluent(traffic, "producer", "one"),
      startConfluent(traffic, "producer", "two"),
      await startKafkajsProducer(traffic, "three"),
    ];
    const consumers: Client[] = [
      await startKafkajsConsumer(traffic, GROUPS[0]),
      startConfluent(traffic, "consumer", GROUPS[1]),
    ];

    const ends = Date.now() + TIME;
    let rounds = 0;
    let productive = 0;
    for (; ROUNDS > 0 ? rounds < ROUNDS : Date.now() < ends; rounds++) {
      const before = ledger.acks;
      await sleep(SHORTEST_LIFE + Math.random() * (LONGEST_LIFE - SHORTEST_LIFE));
      await broker.kill();
      if (ledger.acks > before) productive++;
      const known = ledger.committedNow();
      await broker.start();
      for (const group of GROUPS) {
        const now = await committedOffsets(broker, group);
        for (const [partition, offset] of (known.get(group) ?? []).entries()) {
          if ((now[partition] as number) < offset) {
            ledger.faults.push(`${group} had committed ${offset}, and has ${now[partition]}`);
          }
        }
        for (const [partition, offset] of now.entries()) ledger.committed(group, partition, offset);
      }
      ledger.expectNoFaults();
    }
    expect(productive).toBeGreaterThan(rounds / 2);

    for (const producer of producers) await producer.stop();
    const keys = await readKeys(broker);
    for (const [partition, ofPartition] of keys.entries()) ledger.check(partition, ofPartition);
    for (const group of GROUPS) {
      const read = () => keys.every(({ length }, partition) => ledger.hasReadAll(group, partition, length));
      await expect.poll(read, { timeout: PATIENCE, message: `${group} has read everything` }).toBe(true);
    }
    for (const consumer of consumers) await consumer.stop();
    ledger.expectNoFaults();
    const records = keys.reduce((sum, { length }) => sum + length, 0);
    expect(ledger.acks).toBe(records);
    process.stderr.write(
      `${JSON.stringify({ rounds, productive, records, warnings: broker.warnings.length })}\n`,
    );
  });
});
