import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { metadata } from "../../src/server/kafka/broker/protocol/messages/metadata.ts";
import type { Endpoint } from "../../src/server/kafka/broker/protocol/registry.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { freePort } from "./free-port.ts";
import { kafkaRelease, SMALL } from "./kafka-release.ts";
import { WireClient } from "./kafka-wire.ts";

/** The broker that ours is compared with. */
export const APACHE_VERSION = "4.2.1";

/** It takes 5 s where there is nothing else to do. */
const START_PATIENCE_MS = 120_000;

/** An Apache Kafka that runs. */
export interface ApacheKafka extends AsyncDisposable {
  readonly address: Endpoint;
}

/** An Apache Kafka with data of its own, to be started as often as one likes. */
export interface ApacheKafkaFolder extends AsyncDisposable {
  readonly address: Endpoint;
  /** @param jvm options of its virtual machine */
  start(jvm: readonly string[]): Promise<Daemon>;
}

/**
 * Broker and controller in one process.
 * @param settings further lines of `server.properties`.
 */
export async function prepareApacheKafka(
  settings: Readonly<Record<string, string>> = {},
): Promise<ApacheKafkaFolder> {
  const release = await kafkaRelease(APACHE_VERSION);
  const folder = await mkdtemp(join(tmpdir(), "plugctl-apache-kafka-"));
  const [port, controllerPort] = await Promise.all([freePort(), freePort()]);
  const properties = join(folder, "server.properties");
  const lines = Object.entries({ ...serverProperties(folder, port, controllerPort), ...settings });
  await writeFile(properties, lines.map(([key, value]) => `${key}=${value}\n`).join(""));
  const format = ["format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", properties];
  await promisify(execFile)("java", release.words("kafka.tools.StorageTool", ...format));
  const address = { host: "127.0.0.1", port };
  return {
    address,
    start: (jvm) =>
      startDaemon({
        program: "java",
        args: release.wordsOf(jvm, "kafka.Kafka", properties),
        logFile: join(folder, "out.log"),
        ready: () => answers(address),
        patience: START_PATIENCE_MS,
      }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Starts one that is small and soon there, for tests. */
export async function startApacheKafka(): Promise<ApacheKafka> {
  const folder = await prepareApacheKafka();
  const daemon = await folder.start([...SMALL, "-Xmx512m"]);
  return {
    address: folder.address,
    async [Symbol.asyncDispose]() {
      await daemon.stop("SIGKILL");
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** One node, and groups that do not wait for members who might still come. */
const serverProperties = (folder: string, port: number, controllerPort: number) => ({
  "process.roles": "broker,controller",
  "node.id": "1",
  "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
  listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
  "controller.listener.names": "CONTROLLER",
  "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
  "log.dirs": join(folder, "data"),
  "offsets.topic.replication.factor": "1",
  "offsets.topic.num.partitions": "1",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  "group.initial.rebalance.delay.ms": "0",
});

async function answers(address: Endpoint): Promise<boolean> {
  const client = await WireClient.connect(address);
  const { brokers } = await client.call(metadata, 12, { topics: [], allowAutoTopicCreation: false });
  client.socket.destroy();
  return (brokers as unknown[]).length > 0;
}
