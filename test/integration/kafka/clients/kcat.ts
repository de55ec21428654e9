import { CODECS } from "../../../../src/core/kafka/compression.ts";
import type { ClientKind } from "./client.ts";
import { consumption, linesOf, run, textOf } from "./processes.ts";

/** Quick to notice that another member came or went. */
const MEMBER = ["heartbeat.interval.ms=100", "auto.offset.reset=earliest", "fetch.wait.max.ms=100"];

export const kcat: ClientKind = {
  title: "kcat",
  packages: ["kcat"],
  codecs: CODECS,
  async connect(bootstrap) {
    const broker = ["-b", bootstrap];
    const [, version = ""] = /Version (\S+).*?librdkafka \S+/s.exec(await run("kcat", ["-V"])) ?? [];
    return {
      version,
      admin: undefined,
      async produce(topic, codec, values) {
        await run("kcat", [...broker, "-P", "-t", topic, "-z", codec], textOf(values));
      },
      consume: (group, topic) =>
        consumption("kcat", [
          ...broker,
          "-q",
          "-u",
          "-G",
          group,
          ...MEMBER.flatMap((one) => ["-X", one]),
          topic,
        ]),
      async valuesSince(topic, time) {
        return linesOf(await run("kcat", [...broker, "-q", "-C", "-t", topic, "-o", `s@${time}`, "-e"]));
      },
    };
  },
};
