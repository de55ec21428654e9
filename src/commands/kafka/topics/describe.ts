import { rows } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import type { kafkaTopicsDescribe } from "./describe.meta.ts";

export const run: Handler<typeof kafkaTopicsDescribe> = async ({ args, host }) => {
  const { target, on } = await host.capability("topics");
  const { partitionDetails, ...topic } = await on.describe(args.name);
  if (host.settings.output === "table") {
    const own = Object.entries(topic.configs).map(([name, value]) => `, ${name}=${value}`);
    host.say(
      `${topic.name}: ${topic.partitions} partition${topic.partitions === 1 ? "" : "s"}, ` +
        `${topic.messages} message${topic.messages === 1 ? "" : "s"}${own.join("")}`,
    );
  }
  return rows(
    partitionDetails.map((partition) => ({ target: target.name, topic: topic.name, ...partition })),
    [
      { key: "partition", as: "number", drop: 0 },
      { key: "leader", as: "number", drop: 1 },
      { key: "replicas", drop: 3 },
      { key: "inSyncReplicas", title: "in sync", drop: 2 },
      { key: "firstOffset", title: "first", as: "number", drop: 0 },
      { key: "endOffset", title: "end", as: "number", drop: 0 },
      { key: "messages", as: "number", drop: 0 },
    ],
    { empty: `topic ${topic.name} has no partitions`, nameOf: (row) => `${row.topic}/${row.partition}` },
  );
};
