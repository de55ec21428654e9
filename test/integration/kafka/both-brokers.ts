import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type Broker, openLogStore, startBroker } from "../../../src/server/kafka/broker/index.ts";
import type { Endpoint } from "../../../src/server/kafka/broker/protocol/registry.ts";
import { type ApacheKafka, startApacheKafka } from "../../helpers/apache-kafka.ts";

/** Fetching Apache Kafka takes a while, the first time. */
const PATIENCE_MS = 300_000;

export interface BothBrokers {
  readonly embedded: Endpoint;
  readonly apache: Endpoint;
}

/** The embedded broker and Apache Kafka, for the tests of a file; call it inside `describe`. */
export function useBothBrokers(): BothBrokers {
  let folder: string;
  let embedded: Broker;
  let apache: ApacheKafka;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
    [embedded, apache] = await Promise.all([
      startBroker({
        dataDir: folder,
        listeners: [{ host: "127.0.0.1", port: 0 }],
        fsync: "interval",
        openLogs: openLogStore,
        log: { debug() {}, info() {}, warn() {}, error() {} },
      }),
      startApacheKafka(),
    ]);
  }, PATIENCE_MS);
  afterAll(async () => {
    await embedded?.stop();
    await apache?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get embedded() {
      return embedded.addresses[0] as Endpoint;
    },
    get apache() {
      return apache.address;
    },
  };
}
