import { expect, it, vi } from "vitest";
import { startBroker } from "../../../../../src/server/kafka/broker/broker.ts";
import { apiVersions } from "../../../../../src/server/kafka/broker/protocol/messages/api-versions.ts";
import { APIS } from "../../../../../src/server/kafka/broker/protocol/messages/index.ts";
import type { Endpoint } from "../../../../../src/server/kafka/broker/protocol/registry.ts";
import { fuzzSocket, requestPool, seeded } from "../../../../helpers/kafka-fuzz.ts";
import { WireClient } from "../../../../helpers/kafka-wire.ts";
import { MemoryLogs } from "../../../../helpers/memory-logs.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

// A million of them: npm run fuzz:kafka
it("survives requests that were damaged in every way, and reports no fault of its own", async () => {
  const error = vi.fn();
  const broker = await startBroker({
    dataDir: await makeTempDir(),
    listeners: [{ host: "127.0.0.1", port: 0 }],
    fsync: "never",
    openLogs: async () => new MemoryLogs(),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error },
    defaults: { maxPartitions: 50 },
    limits: { grace: 100 },
  });
  const [address] = broker.addresses as [Endpoint];
  const result = await fuzzSocket({
    address,
    pool: requestPool(APIS, 3, 1),
    frames: 4_000,
    random: seeded(7),
    connections: 16,
    patience: 20,
  });
  expect(error.mock.calls).toEqual([]);
  expect(result.answered).toBeGreaterThan(500);
  expect(result.closed).toBeGreaterThan(500);
  await vi.waitFor(() => expect(broker.connections()).toBe(0));
  const client = await WireClient.connect(address);
  expect(await client.call(apiVersions, 0, {})).toMatchObject({ errorCode: 0 });
  await broker.stop();
});
