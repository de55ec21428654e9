import { rows } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import type { kafkaTopicsList } from "./list.meta.ts";

export const run: Handler<typeof kafkaTopicsList> = async ({ options, host }) => {
  const { target, on } = await host.capability("topics");
  const topics = (await on.list()).filter(({ internal }) => options.internal || !internal);
  return rows(
    topics.map((topic) => ({ target: target.name, ...topic })),
    [
      { key: "name", drop: 0 },
      { key: "partitions", as: "number", drop: 0 },
      { key: "replicationFactor", title: "replicas", as: "number" },
    ],
    { empty: `${target.name} has no topics` },
  );
};
