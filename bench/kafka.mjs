// The embedded Kafka broker beside Apache Kafka, with the same clients in turn: its Java tools, and kafkajs.
//   npm run bench:kafka
//   needs Debian's default-jre-headless and maven; ROUNDS=3, SCALE=1 (of the number of records)
// Twice: with what is acknowledged flushed within a second or when the system likes (`--kafka-fsync interval`, and Apache
// Kafka as it comes), and with every write flushed before its answer (`always`, and `log.flush.interval.messages=1`).
// Topics have one partition. Build first: it runs the built program.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { APACHE_VERSION } from "../test/helpers/apache-kafka.ts";
import { kafkaRelease } from "../test/helpers/kafka-release.ts";
import { median } from "./cpu.mjs";
import { apacheBroker, memoryOf, plugctlBroker } from "./kafka-brokers.mjs";
import {
  endToEnd,
  javaFetch,
  javaProduce,
  kafkajsFetch,
  kafkajsProduce,
  kafkaOf,
  plugctlProduce,
} from "./kafka-clients.mjs";

const PROGRAM = join(dirname(dirname(fileURLToPath(import.meta.url))), "bin", "plugctl.js");
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SCALE = Number(process.env.SCALE ?? 1);
/** Records of a run, by their size. */
const COUNTS = { 100: 1_000_000 * SCALE, 1024: 200_000 * SCALE };
/** At 1,000 messages/s. */
const LATENCY = { rate: 1_000, seconds: 8 };
const STARTS = 3;
const LINES = 300_000 * SCALE;
/** What plugctl is to have of Apache Kafka's figure, at least or at most; and lines/s of its own command. */
const GOALS = { rate: 0.5, p99: 1, memory: 0.25, start: 0.1, lines: 60_000 };

const folder = mkdtempSync(join(tmpdir(), "plugctl-bench-"));
const release = await kafkaRelease(APACHE_VERSION);
let topics = 0;
try {
  process.stdout.write(
    `medians of ${ROUNDS} in turn, after one that does not count; Apache Kafka ${APACHE_VERSION}\n`,
  );
  await compare("flushed later", "interval", {});
  await compare("flushed before the answer", "always", { "log.flush.interval.messages": "1" });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(title, fsync, settings) {
  process.stdout.write(`\n${title}\n`);
  const brokers = [plugctlBroker(join(folder, fsync), fsync), await apacheBroker(settings)];
  try {
    await measureStart(brokers);
    const running = [];
    for (const { name, start } of brokers) running.push({ name, ...(await start()) });
    const idle = running.map(({ pid }) => memoryOf(pid).now);
    for (const [size, count] of Object.entries(COUNTS)) await measureRates(running, Number(size), count);
    await measureLatency(running);
    report("memory, idle", "MiB", idle, { goal: GOALS.memory, atMost: true });
    const most = running.map(({ pid }) => memoryOf(pid).most);
    report("memory, most", "MiB", most, { goal: GOALS.memory, atMost: true });
    await measureCommand(running[0]);
  } finally {
    for (const { stop } of brokers) await stop();
    await brokers[1].remove();
  }
}

/** On the data of the start before. */
async function measureStart(brokers) {
  const times = brokers.map(() => []);
  for (let round = 0; round <= STARTS; round += 1) {
    for (const [index, { start, stop }] of brokers.entries()) {
      const before = performance.now();
      await start();
      if (round > 0) times[index].push(performance.now() - before);
      await stop();
    }
  }
  report("start", "ms", times, { goal: GOALS.start, atMost: true });
}

async function measureRates(running, size, count) {
  const clients = {
    Java: [(...given) => javaProduce(release, ...given), (...given) => javaFetch(release, ...given)],
    kafkajs: [kafkajsProduce, kafkajsFetch],
  };
  for (const [client, [produce, fetch]] of Object.entries(clients)) {
    const rates = { produce: running.map(() => []), fetch: running.map(() => []) };
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, broker] of running.entries()) {
        await withTopic(broker, async (topic) => {
          const produced = await produce(broker, { topic, size, count });
          const fetched = await fetch(broker, { topic, count });
          if (round === 0) return;
          rates.produce[index].push(produced);
          rates.fetch[index].push(fetched);
        });
      }
    }
    for (const [verb, values] of Object.entries(rates)) {
      report(`${client}, ${verb} ${size} B`, "msg/s", values, { goal: GOALS.rate, bytes: size });
    }
  }
}

async function measureLatency(running) {
  const times = { p50: running.map(() => []), p99: running.map(() => []) };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, broker] of running.entries()) {
      await withTopic(broker, async (topic) => {
        const found = await endToEnd(broker, { topic, ...LATENCY });
        if (round > 0) for (const key of ["p50", "p99"]) times[key][index].push(found[key]);
      });
    }
  }
  report("end to end, p50", "ms", times.p50, {});
  report("end to end, p99", "ms", times.p99, { goal: GOALS.p99, atMost: true });
}

async function measureCommand(broker) {
  const file = join(folder, "lines");
  writeFileSync(file, `${"x".repeat(100)}\n`.repeat(LINES));
  const rates = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await withTopic(broker, async (topic) => {
      rates.push(await plugctlProduce(broker, { program: PROGRAM, topic, file, count: LINES }));
    });
  }
  const rate = median(rates);
  const met = rate >= GOALS.lines ? "met" : "missed";
  process.stdout.write(
    `${"plugctl kafka produce".padEnd(24)} ${text(rate)} msg/s   goal ${GOALS.lines}: ${met}\n`,
  );
}

/** A topic of one partition that is there for so long. */
async function withTopic(broker, work) {
  topics += 1;
  const topic = `bench-${topics}`;
  const admin = kafkaOf(broker).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await work(topic);
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}

function text(value) {
  return value.toFixed(value < 100 ? 1 : 0).padStart(9);
}

/** @param values of plugctl and of Apache Kafka: one of each, or a list of as many rounds */
function report(what, unit, values, { goal, atMost = false, bytes }) {
  const [ours, theirs] = values.map((one) => [one].flat());
  const mib = (rate) =>
    bytes === undefined ? "" : ` ${((rate * bytes) / 2 ** 20).toFixed(1).padStart(6)} MiB/s`;
  const figures = [ours, theirs].map((list) => `${text(median(list))} ${unit}${mib(median(list))}`);
  // Round by round: what else happens on the machine meets both alike.
  const ratio = median(ours.map((value, round) => value / theirs[round]));
  const met =
    goal === undefined
      ? ""
      : ` (goal ${atMost ? "≤" : "≥"} ${goal}) ${(atMost ? ratio <= goal : ratio >= goal) ? "met" : "missed"}`;
  process.stdout.write(
    `${what.padEnd(24)} plugctl ${figures[0]}   Apache Kafka ${figures[1]}   ${ratio.toFixed(2)} ×${met}\n`,
  );
}
