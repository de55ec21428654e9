import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Consumer, Kafka, logLevel, Partitioners } from "kafkajs";
import { onTestFinished } from "vitest";
import type { Ledger } from "./ledger.ts";

/** Where and about what the clients of a test talk. */
export interface Traffic {
  readonly address: string;
  readonly topic: string;
  readonly partitions: number;
  readonly ledger: Ledger;
}

/** A producer or a consumer that goes on whatever happens to the broker, until it is told to stop. */
export interface Client {
  /** Ends it in order; a producer waits for what is under way. */
  stop(): Promise<void>;
}

const PADDING = ".".repeat(700);
const RETRY = { initialRetryTime: 30, maxRetryTime: 300, retries: 200 };

const kafkaOf = ({ address }: Traffic, name: string) =>
  new Kafka({
    clientId: name,
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    retry: RETRY,
  });

export async function startKafkajsProducer(traffic: Traffic, name: string): Promise<Client> {
  const { topic, partitions, ledger } = traffic;
  const producer = kafkaOf(traffic, name).producer({
    idempotent: true,
    retry: RETRY,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  let stopped = false;
  const run = async () => {
    for (let number = 0; !stopped; number += 5) {
      const keys = Array.from({ length: 5 }, (_, each) => `${name}-${number + each}`);
      const messages = Array.from({ length: partitions }, (_, partition) =>
        keys.map((key) => ({ key, value: PADDING, partition })),
      ).flat();
      const answers = await producer.send({ topic, acks: -1, messages });
      for (const { partition, baseOffset } of answers) {
        for (const [index, key] of keys.entries()) ledger.acked(partition, key, Number(baseOffset) + index);
      }
    }
  };
  const running = run().catch((error: unknown) => void ledger.faults.push(`${name}: ${error}`));
  return {
    async stop() {
      stopped = true;
      await running;
      await producer.disconnect();
    },
  };
}

/** kafkajs gives up where no broker answers for long; then it is begun anew, as a program with it has to do. */
export async function startKafkajsConsumer(traffic: Traffic, group: string): Promise<Client> {
  const { topic, ledger } = traffic;
  let stopped = false;
  const start = async (): Promise<Consumer> => {
    const consumer = kafkaOf(traffic, group).consumer({
      groupId: group,
      sessionTimeout: 6_000,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
      retry: { ...RETRY, restartOnFailure: async () => !stopped },
    });
    consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload: { topics } }) => {
      for (const { partition, offset } of topics.flatMap(({ partitions }) => partitions)) {
        ledger.committed(group, partition, Number(offset));
      }
    });
    consumer.on(consumer.events.CRASH, ({ payload: { restart } }) => {
      if (!restart && !stopped) current = consumer.disconnect().then(start);
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommitInterval: 100,
      eachBatch: async ({ batch: { partition, messages } }) => {
        for (const { offset, key } of messages) ledger.read(group, partition, Number(offset), String(key));
      },
    });
    return consumer;
  };
  let current = start();
  await current;
  const stop = async () => {
    stopped = true;
    await (await current).disconnect();
  };
  onTestFinished(stop);
  return { stop };
}

const START = { producer: "produce", consumer: "consume" } as const;

/** A client of librdkafka; a consumer's name is its group. */
export function startConfluent(traffic: Traffic, kind: keyof typeof START, name: string): Client {
  const { address, topic, partitions, ledger } = traffic;
  const script = join(import.meta.dirname, "confluent_client.py");
  const args = [script, START[kind], address, topic, name, String(partitions)];
  const child = spawn("/usr/bin/python3", args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  createInterface(child.stdout).on("line", (line) => {
    const [what, first, second = "", third] = line.split(" ");
    const partition = Number(first);
    if (what === "acked") ledger.acked(partition, `${name}-${second}`, Number(third));
    else if (what === "read") ledger.read(name, partition, Number(second), String(third));
    else if (what === "committed") ledger.committed(name, partition, Number(second));
    else ledger.faults.push(`${name}: ${line}`);
  });
  return { stop: () => endOf(child) };
}

/** Ends a process by ending its input. */
async function endOf(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, "close");
}
