import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Broker, startBroker } from "../../../src/server/kafka/broker/broker.ts";
import type { Endpoint } from "../../../src/server/kafka/broker/protocol/registry.ts";
import { APACHE_VERSION, type ApacheKafka, startApacheKafka } from "../../helpers/apache-kafka.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { MemoryLogs } from "../../helpers/memory-logs.ts";
import type { ClientKind } from "./clients/client.ts";
import { consoleTools } from "./clients/console-tools.ts";
import { EXERCISES, type Exercise, startTrial } from "./clients/exercises.ts";
import { franzGo, goIsWanting } from "./clients/franz-go.ts";
import { kafkaJs } from "./clients/kafkajs.ts";
import { kcat } from "./clients/kcat.ts";
import { endProcesses } from "./clients/processes.ts";
import { confluentPython, kafkaPython } from "./clients/python.ts";

const CLIENTS: readonly ClientKind[] = [
  kafkaJs,
  kcat,
  confluentPython,
  kafkaPython,
  consoleTools("3.9.1"),
  consoleTools(APACHE_VERSION),
  franzGo,
];

describeWith(
  ["default-jre-headless", "maven", ...CLIENTS.flatMap(({ packages }) => packages)],
  "clients of Kafka, as they were published",
  () => {
    let folder: string;
    let embedded: Broker;
    let apache: ApacheKafka;
    let addresses: [Endpoint, Endpoint];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
      [embedded, apache] = await Promise.all([
        startBroker({
          dataDir: folder,
          listeners: [{ host: "127.0.0.1", port: 0 }],
          fsync: "interval",
          openLogs: async () => new MemoryLogs(),
          log: { debug() {}, info() {}, warn() {}, error() {} },
        }),
        startApacheKafka(),
      ]);
      addresses = [embedded.addresses[0] as Endpoint, apache.address];
    }, 300_000);
    afterAll(async () => {
      endProcesses();
      await embedded.stop();
      await apache[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    describe.concurrent.each(CLIENTS)("$title", (kind) => {
      const wanting = kind === franzGo ? goIsWanting() : undefined;
      it.skipIf(wanting !== undefined).each(Object.keys(EXERCISES) as Exercise[])(
        "%s",
        async (exercise) => {
          const [ours, theirs] = await Promise.all(
            addresses.map(async (address) => {
              using trial = await startTrial(kind, address);
              return await EXERCISES[exercise](trial);
            }),
          );
          expect(ours).toEqual(theirs);
        },
        120_000,
      );
    });
  },
);
