import { CODECS } from "../../../../src/core/kafka/compression.ts";
import { kafkaRelease, quickTools } from "../../../helpers/kafka-release.ts";
import type { ClientKind } from "./client.ts";
import { consumption, linesOf, run, textOf } from "./processes.ts";

const TOPICS = "org.apache.kafka.tools.TopicCommand";
const GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";

const MEMBER = ["heartbeat.interval.ms=100", "fetch.max.wait.ms=100"];

/** The tools in the `bin` folder of Apache Kafka, which are its Java client: `kafka-topics` and its like. */
export function consoleTools(version: string): ClientKind {
  const [major] = version.split(".");
  const producer = major === "3" ? "kafka.tools.ConsoleProducer" : "org.apache.kafka.tools.ConsoleProducer";
  const property = major === "3" ? "--consumer-property" : "--command-property";
  return {
    title: `Java console tools ${major}.x`,
    packages: ["default-jre-headless", "maven"],
    codecs: CODECS,
    async connect(bootstrap) {
      const release = await quickTools(await kafkaRelease(version), bootstrap);
      const words = (tool: string, ...args: string[]) =>
        release.words(tool, "--bootstrap-server", bootstrap, ...args);
      const ask = (tool: string, ...args: string[]) => run("java", words(tool, ...args));
      const topic = (verb: string, name: string, ...args: string[]) =>
        ask(TOPICS, verb, "--topic", name, ...args);
      return {
        version,
        async produce(name, codec, values) {
          const args = ["--topic", name, "--compression-codec", codec];
          await run("java", words(producer, ...args), textOf(values));
        },
        consume(group, name) {
          const properties = MEMBER.flatMap((one) => [property, one]);
          const args = ["--group", group, "--topic", name, "--from-beginning", ...properties];
          return consumption("java", words(CONSUMER, ...args));
        },
        async valuesSince(name, time, count) {
          const group = ["--group", `since-${name}`, "--topic", name];
          const start = ["--reset-offsets", "--to-datetime", new Date(time).toISOString(), "--execute"];
          await ask(GROUPS, ...group, ...start);
          return linesOf(await ask(CONSUMER, ...group, "--max-messages", String(count)));
        },
        admin: {
          async create(name, partitions) {
            await topic("--create", name, "--partitions", String(partitions));
          },
          async partitions(name) {
            return Number(/PartitionCount: (\d+)/.exec(await topic("--describe", name))?.[1]);
          },
          async remove(name) {
            await topic("--delete", name);
          },
        },
      };
    },
  };
}
