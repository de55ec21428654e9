// The Kafka broker under random and damaged messages: codec round trips, then requests that were damaged in ten ways, sent
// over real connections to a broker with all its handlers.
//   npm run fuzz:kafka               (ROUND_TRIPS=100000 FRAMES=1000000 SEED=1)
// Fails on a fault of the broker's, a value that comes back as another, a broker that answers no more, and on memory.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { startBroker } from "../src/server/kafka/broker/broker.ts";
import { messageCodec } from "../src/server/kafka/broker/protocol/codec.ts";
import { APIS } from "../src/server/kafka/broker/protocol/messages/index.ts";
import { Reader } from "../src/server/kafka/broker/protocol/reader.ts";
import { fuzzSocket, requestPool, seeded } from "../test/helpers/kafka-fuzz.ts";
import { completed, encodeBody, messages, versionsOf } from "../test/helpers/kafka-messages.ts";
import { MemoryLogs } from "../test/helpers/memory-logs.ts";

const ROUND_TRIPS = Number(process.env.ROUND_TRIPS ?? 100_000);
const FRAMES = Number(process.env.FRAMES ?? 1_000_000);
const SEED = Number(process.env.SEED ?? 1);
const MAX_MEMORY = 1_024;

roundTrips();
await damagedRequests();

function roundTrips() {
  const started = performance.now();
  const kinds = APIS.flatMap((api) =>
    versionsOf(api).flatMap((version) => ["request", "response"].map((side) => ({ api, version, side }))),
  );
  const each = Math.ceil(ROUND_TRIPS / kinds.length);
  let done = 0;
  for (const { api, version, side } of kinds) {
    const fields = api[side];
    const codec = messageCodec(api, fields, version);
    for (const value of fc.sample(messages(fields, version), { numRuns: each, seed: SEED + done })) {
      const what = `${api.name} v${version} ${side}`;
      const body = encodeBody(api, fields, version, value);
      const from = new Reader(body);
      const read = codec.read(from);
      from.end();
      assert.deepEqual(read, completed(fields, version, value), what);
      assert.deepEqual(encodeBody(api, fields, version, read), body, what);
      done++;
    }
  }
  console.log(`${done} round trips of ${kinds.length} kinds of message: ${seconds(started)}`);
}

async function damagedRequests() {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "plugctl-fuzz-"));
  const faults = [];
  const broker = await startBroker({
    dataDir: folder,
    listeners: [{ host: "127.0.0.1", port: 0 }],
    fsync: "never",
    openLogs: async () => new MemoryLogs(),
    log: { debug() {}, info() {}, warn() {}, error: (...fault) => faults.push(fault) },
    defaults: { maxPartitions: 100 },
    limits: { grace: 1_000 },
  });
  let most = 0;
  let sent = 0;
  try {
    const result = await fuzzSocket({
      address: broker.addresses[0],
      pool: requestPool(APIS, 40, SEED),
      frames: FRAMES,
      random: seeded(SEED),
      connections: 64,
      patience: 20,
      check() {
        const memory = process.memoryUsage.rss() / 2 ** 20;
        most = Math.max(most, memory);
        sent += 1_000;
        if (sent % 100_000 === 0)
          console.log(`${sent} frames, ${memory.toFixed(0)} MiB, ${seconds(started)}`);
        assert.ok(memory < MAX_MEMORY, `memory grew to ${memory} MiB`);
        assert.deepEqual(faults, []);
      },
    });
    console.log(`${FRAMES} damaged requests: ${seconds(started)}, at most ${most.toFixed(0)} MiB`);
    console.log(result);
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(faults, []);
}

function seconds(since) {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
