// What bench/kafka.mjs has clients do: the tools of Apache Kafka's Java client, and kafkajs.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import kafkajs from "kafkajs";

const JAVA_JVM = ["-Xmx512M", "-XX:+UseSerialGC"];
/** Messages in a call of kafkajs, and calls at a time: what serves it best. */
const PER_SEND = 500;
const SENDS = 4;

/** Records/s of `kafka-producer-perf-test` with acks=all. */
export async function javaProduce(release, { bootstrap, java }, { topic, size, count }) {
  const args = ["--topic", topic, "--num-records", count, "--record-size", size, "--throughput", -1];
  const properties = ["--command-property", "acks=all"];
  const tool = "org.apache.kafka.tools.ProducerPerformance";
  const out = await runTool(release, tool, [
    "--bootstrap-server",
    bootstrap,
    ...args,
    ...java,
    ...properties,
  ]);
  const lines = [...out.matchAll(/([\d.]+) records\/sec/g)];
  return Number(lines.at(-1)[1]);
}

/** Records/s of `kafka-consumer-perf-test`, without the time to join its group. */
export async function javaFetch(release, { bootstrap, java }, { topic, count }) {
  const args = ["--topic", topic, "--num-records", count, "--hide-header", "--timeout", 60_000];
  const tool = "org.apache.kafka.tools.ConsumerPerformance";
  const out = await runTool(release, tool, ["--bootstrap-server", bootstrap, ...args, ...java]);
  const fields = out.trim().split("\n").at(-1).split(", ");
  const [records, rate] = [Number(fields[4]), Number(fields[9])];
  if (records < count) throw new Error(`${records} of ${count} records came`);
  return rate;
}

async function runTool(release, tool, args) {
  const words = release.wordsOf(JAVA_JVM, tool, ...args.map(String));
  const { stdout } = await promisify(execFile)("java", words, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

export function kafkaOf({ bootstrap, kafkajs: options }) {
  return new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.ERROR, ...options });
}

/** Records/s of kafkajs with acks=all. */
export async function kafkajsProduce(broker, { topic, size, count }) {
  const producer = kafkaOf(broker).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const value = Buffer.alloc(size, "x");
  const messages = Array.from({ length: PER_SEND }, () => ({ value, partition: 0 }));
  let left = count / PER_SEND;
  const started = performance.now();
  const sending = Array.from({ length: SENDS }, async () => {
    while (left-- > 0) await producer.send({ topic, acks: -1, messages });
  });
  await Promise.all(sending);
  const seconds = (performance.now() - started) / 1000;
  await producer.disconnect();
  return count / seconds;
}

/** Records/s of kafkajs from the first batch on. */
export async function kafkajsFetch(broker, { topic, count }) {
  const consumer = kafkaOf(broker).consumer({ groupId: `g-${topic}`, maxBytesPerPartition: 4 * 1024 * 1024 });
  let [came, started] = [0, 0];
  const all = Promise.withResolvers();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    async eachBatch({ batch }) {
      started ||= performance.now();
      came += batch.messages.length;
      if (came >= count) all.resolve(performance.now());
    },
  });
  const seconds = ((await all.promise) - started) / 1000;
  await consumer.disconnect();
  return count / seconds;
}

/** Percentiles of the time from a producer to a consumer, both kafkajs, in ms. */
export async function endToEnd(broker, { topic, rate, seconds }) {
  const kafka = kafkaOf(broker);
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  const consumer = kafka.consumer({ groupId: `g-${topic}` });
  const times = [];
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    async eachBatch({ batch }) {
      const now = performance.now();
      for (const { value } of batch.messages) times.push(now - Number(value));
    },
  });
  await joined;
  const started = performance.now();
  const sends = [];
  let sent = 0;
  for (const total = rate * seconds; sent < total; await sleep(1)) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * rate)) - sent;
    if (due <= 0) continue;
    const messages = Array.from({ length: due }, () => ({ value: String(performance.now()), partition: 0 }));
    sends.push(producer.send({ topic, acks: -1, messages }));
    sent += due;
  }
  await Promise.all(sends);
  while (times.length < sent) await sleep(5);
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(times.length * 0.5)], p99: times[Math.floor(times.length * 0.99)] };
}

/** Messages/s of `plugctl kafka produce` from its stdin, start and end of the process included. */
export async function plugctlProduce({ config }, { program, topic, file, count }) {
  const started = performance.now();
  const child = spawn(process.execPath, [program, "kafka", "produce", topic], {
    env: { ...process.env, PLUGCTL_CONFIG_DIR: config },
    stdio: ["pipe", "ignore", "inherit"],
  });
  createReadStream(file).pipe(child.stdin);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`plugctl kafka produce ended with ${code}`);
  return count / ((performance.now() - started) / 1000);
}
