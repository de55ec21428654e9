import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { type Broker, openLogStore, startBroker } from "../../../src/server/kafka/broker/index.ts";
import { ErrorCode } from "../../../src/server/kafka/broker/protocol/errors.ts";
import { createTopics } from "../../../src/server/kafka/broker/protocol/messages/create-topics.ts";
import { describeGroups } from "../../../src/server/kafka/broker/protocol/messages/describe-groups.ts";
import { offsetFetch } from "../../../src/server/kafka/broker/protocol/messages/offset-fetch.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { WireClient } from "../../helpers/kafka-wire.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const PARTITIONS = 6;
/** The shortest session that a broker takes, so that a member that was killed is missed soon. */
const SESSION = "session.timeout.ms=6000";

async function start(dataDir: string): Promise<Broker> {
  const broker = await startBroker({
    dataDir,
    listeners: [{ host: "127.0.0.1", port: 0 }],
    fsync: "interval",
    openLogs: openLogStore,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  onTestFinished(() => broker.stop());
  return broker;
}

const addressOf = ({ addresses: [address] }: Broker) => `${address?.host}:${address?.port}`;

async function callOn(broker: Broker) {
  const [address] = broker.addresses;
  if (address === undefined) throw new Error("no listener");
  return WireClient.connect(address);
}

async function createTopic(client: WireClient, name: string): Promise<void> {
  const topic = { name, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] };
  const { topics } = await client.call(createTopics, 7, {
    topics: [topic],
    timeoutMs: 1,
    validateOnly: false,
  });
  expect(topics).toMatchObject([{ errorCode: ErrorCode.NONE }]);
}

/** The sum of the offsets that a group has committed. */
async function committed(client: WireClient, groupId: string): Promise<number> {
  const asked = { groupId, memberId: null, memberEpoch: -1, topics: null };
  const { groups } = await client.call(offsetFetch, 9, { groups: [asked] });
  const [{ topics }] = groups as [{ topics: { partitions: { committedOffset: number }[] }[] }];
  return topics.flatMap(({ partitions }) => partitions).reduce((sum, one) => sum + one.committedOffset, 0);
}

/** Sends the numbers from `first` to `last`, one a record. */
async function produce(broker: Broker, topic: string, first: number, last: number): Promise<void> {
  const child = spawn("kcat", ["-b", addressOf(broker), "-P", "-t", topic, "-X", "enable.idempotence=true"]);
  for (let number = first; number <= last; number++) child.stdin.write(`${number}\n`);
  child.stdin.end();
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
}

interface Consumer {
  process: ChildProcess;
  /** What was consumed. */
  numbers: number[];
  /** Partitions of the last assignment; undefined before the first. */
  assigned: number[] | undefined;
}

function consume(broker: Broker, group: string, topic: string): Consumer {
  const options = ["-X", SESSION, "-X", "auto.offset.reset=earliest"];
  const child = spawn("kcat", ["-b", addressOf(broker), "-G", group, ...options, "-u", topic]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const consumer: Consumer = { process: child, numbers: [], assigned: undefined };
  createInterface(child.stdout).on("line", (line) => consumer.numbers.push(Number(line)));
  createInterface(child.stderr).on("line", (line) => {
    if (!line.includes("assigned:")) return;
    consumer.assigned = [...line.matchAll(/\[(\d+)\]/g)].map(([, partition]) => Number(partition));
  });
  return consumer;
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b);
const within = (timeout: number) => ({ timeout, interval: 50 });

describeWith(["kcat"], "groups of kcat", () => {
  it("share the partitions, and take over those of a member that leaves and of one that is killed", async () => {
    const broker = await start(await makeTempDir());
    const client = await callOn(broker);
    await createTopic(client, "numbers");
    const [first, second] = [consume(broker, "g", "numbers"), consume(broker, "g", "numbers")];
    const assigned = () => sorted([...(first.assigned ?? []), ...(second.assigned ?? [])]);
    await expect.poll(assigned, within(20_000)).toEqual([0, 1, 2, 3, 4, 5]);
    await expect.poll(() => first.assigned?.length, within(20_000)).toBe(3);
    await produce(broker, "numbers", 1, 500);
    await expect.poll(() => first.numbers.length + second.numbers.length, within(20_000)).toBe(500);

    const third = consume(broker, "g", "numbers");
    await expect.poll(() => third.assigned?.length, within(20_000)).toBe(2);
    first.process.kill("SIGTERM");
    await expect.poll(() => third.assigned?.length, within(20_000)).toBe(3);
    await produce(broker, "numbers", 501, 1000);
    const all = () => [...first.numbers, ...second.numbers, ...third.numbers];
    await expect.poll(() => all().length, within(20_000)).toBe(1000);
    expect(sorted(all())).toEqual(upTo(1000));

    // What is consumed after the kill is what nobody had, once all before is committed.
    await expect.poll(() => committed(client, "g"), within(20_000)).toBe(1000);
    second.process.kill("SIGKILL");
    await produce(broker, "numbers", 1001, 1200);
    await expect.poll(() => third.assigned?.length, within(25_000)).toBe(PARTITIONS);
    await expect.poll(() => new Set(all()).size, within(20_000)).toBe(1200);
    expect(sorted(all())).toEqual(upTo(1200));

    const { groups } = await client.call(describeGroups, 5, { groups: ["g"] });
    expect(groups).toMatchObject([
      { groupState: "Stable", protocolData: "range", members: [{ clientId: "rdkafka" }] },
    ]);
    client.socket.destroy();
  });
});
