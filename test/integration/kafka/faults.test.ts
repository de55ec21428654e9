import { expect, it, onTestFinished } from "vitest";
import { openKafka } from "../../../src/adapters/kafka/kafkajs/index.ts";
import type { BatchProducer, ProducerOptions } from "../../../src/adapters/kafka/port.ts";
import { type Broker, openLogStore, startBroker } from "../../../src/server/kafka/broker/index.ts";
import { makeConnection } from "../../helpers/adapter-connection.ts";
import { collect } from "../../helpers/archives.ts";
import { Relay } from "../../helpers/relay.ts";
import { makeCli } from "../../helpers/run-cli.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const TOPIC = "orders";

/** A broker that clients reach through a relay only. */
async function startBehindRelay(): Promise<{ relay: Relay; broker: Broker }> {
  const relay = await Relay.start();
  onTestFinished(() => relay[Symbol.asyncDispose]());
  const broker = await startBroker({
    dataDir: await makeTempDir(),
    listeners: [{ host: "127.0.0.1", port: 0, advertised: { host: "127.0.0.1", port: relay.port } }],
    fsync: "interval",
    openLogs: openLogStore,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  onTestFinished(() => broker.stop());
  relay.leadTo(broker.addresses[0]?.port ?? 0);
  return { relay, broker };
}

async function openPort(relay: Relay, timeoutMs = 10_000) {
  const port = openKafka(makeConnection({ url: `kafka://127.0.0.1:${relay.port}`, timeoutMs }));
  onTestFinished(() => port.close());
  await port.admin.createTopic({
    name: TOPIC,
    partitions: 1,
    replicationFactor: 1,
    configs: {},
    validateOnly: false,
  });
  const read = async () => {
    const end = (await port.admin.offsets(TOPIC, "end")).get(0) ?? 0;
    const start = { topic: TOPIC, partition: 0, offset: 0, until: end };
    const batches = await collect(port.consume([start], { onInterruption: () => {} }));
    return batches.flat().map(({ value }) => String(value));
  };
  const producer = (more: Partial<ProducerOptions> = {}) =>
    port.openProducer({ topic: TOPIC, acks: -1, codec: "none", idempotent: true, ...more });
  return { read, producer };
}

const batch = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: null, value: Buffer.from(`${first + n}`), headers: [] }));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

/** So many batches of ten, all at once. */
const produce = (producer: BatchProducer, from: number, batches: number) =>
  Promise.all(
    Array.from({ length: batches }, (_, n) => producer.produceBatch(0, batch((from + n) * 10, 10))),
  );

it("writes each batch once and in order when answers are lost with several under way", async () => {
  const { relay } = await startBehindRelay();
  const { producer: open, read } = await openPort(relay);
  const producer = await open();
  expect(await produce(producer, 0, 1)).toEqual([0]);
  for (let round = 0; round < 5; round++) {
    relay.losesAnswers = true;
    const offsets = await produce(producer, 1 + round * 8, 8);
    expect(offsets).toEqual(offsets.map((_, n) => (1 + round * 8 + n) * 10));
  }
  expect(await read()).toEqual(numbers(410));
});

it("keeps the order without idempotence, where a lost answer writes a batch twice", async () => {
  const { relay } = await startBehindRelay();
  const { producer: open, read } = await openPort(relay);
  const producer = await open({ idempotent: false });
  await produce(producer, 0, 1);
  relay.losesAnswers = true;
  await produce(producer, 1, 8);
  const values = await read();
  // The one whose answer was lost is there twice: so answers are lost.
  expect(values).toHaveLength(100);
  expect([...new Set(values)]).toEqual(numbers(90));
});

it("gives up at the deadline when the broker is gone, all that waits with it", async () => {
  const { relay, broker } = await startBehindRelay();
  const { producer: open } = await openPort(relay, 1_000);
  const producer = await open();
  await produce(producer, 0, 1);
  await broker.stop();
  const begin = performance.now();
  const results = await Promise.allSettled([produce(producer, 1, 1), produce(producer, 2, 7)]);
  expect(performance.now() - begin).toBeLessThan(8_000);
  for (const result of results) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: "TIMEOUT", exitCode: 7 } });
  }
});

it("says which lines are certainly written when the broker goes away in the middle", async () => {
  const { relay, broker } = await startBehindRelay();
  const { read } = await openPort(relay);
  const cli = await makeCli();
  await cli(`target add stream --kind kafka --url kafka://127.0.0.1:${relay.port}`);
  let acknowledged = "";
  async function* input() {
    for (let n = 0; n < 3_000; n++) yield `${n}\n`;
    while ((await read()).length < 3_000) await new Promise((resolve) => setTimeout(resolve, 20));
    acknowledged = `${(await read()).length}`;
    relay.leadTo(1);
    relay.cut();
    for (let n = 3_000; n < 6_000; n++) yield `${n}\n`;
  }
  const { code, stdout, stderr } = await cli(`kafka produce ${TOPIC} -o json --timeout 1s`, {
    stdin: input(),
  });
  expect(code).toBe(7);
  expect(stdout).toBe("");
  const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
  expect(acknowledged).toBe("3000");
  expect(error.details.certain).toBe(3_000);
  expect(error.hint).toContain("lines 1 to 3000 are written");
  relay.leadTo(broker.addresses[0]?.port ?? 0);
  // What is said to be written is there.
  expect((await read()).slice(0, 3_000)).toEqual(numbers(3_000));
});

it.each([[""], ["--group billing"]])(
  "goes on reading where it was when the connection is lost %s",
  async (how) => {
    const { relay } = await startBehindRelay();
    const { producer: open } = await openPort(relay);
    const producer = await open();
    await produce(producer, 0, 1);
    const cli = await makeCli();
    await cli(`target add stream --kind kafka --url kafka://127.0.0.1:${relay.port}`);
    const abort = new AbortController();
    let seen = "";
    let cut = false;
    const { code, stderr } = await cli(`kafka tail ${TOPIC} --from beginning --fields value ${how}`.trim(), {
      signal: abort.signal,
      onStdout: async (text) => {
        seen += text;
        const count = seen.trimEnd().split("\n").length;
        if (count === 20) abort.abort();
        if (count !== 10 || cut) return;
        cut = true;
        await new Promise((resolve) => setTimeout(resolve, 500));
        relay.cut();
        await produce(producer, 1, 1);
      },
    });
    expect(code).toBe(130);
    expect(seen.trimEnd().split("\n")).toEqual(numbers(20));
    // A group gets over a short absence by itself.
    if (how === "") expect(stderr).toContain("trying again");
  },
);
