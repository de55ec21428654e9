import { usageError } from "../../../core/errors.ts";
import { rows } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import { parsePlace } from "../place.ts";
import type { kafkaGroupsReset } from "./reset.meta.ts";

export const run: Handler<typeof kafkaGroupsReset> = async ({ args, options, host }) => {
  const to = parsePlace(options.to, "--to", host.now());
  const topics = options.topic === undefined ? undefined : topicsOf(options.topic);
  const { target, on } = await host.capability("groups");
  const request = { group: args.name, topics, to };
  const plan = await on.reset({ ...request, dryRun: true });
  const dryRun = options.dryRun === true;
  if (!dryRun && plan.length > 0) {
    const count = `${plan.length} partition${plan.length === 1 ? "" : "s"}`;
    await host.prompt.confirm(`Move group ${args.name} in ${count} of ${target.name} to ${options.to}?`);
  }
  const resets = dryRun ? plan : await on.reset({ ...request, dryRun: false });
  return rows(
    resets.map((reset) => ({ target: target.name, group: args.name, ...reset, changed: !dryRun })),
    [
      { key: "topic", drop: 0 },
      { key: "partition", as: "number", drop: 0 },
      { key: "from", as: "number" },
      { key: "to", as: "number", drop: 0 },
    ],
    {
      empty: `group ${args.name} has no offsets to move`,
      nameOf: (row) => `${row.topic}/${row.partition}`,
    },
  );
};

/** `orders` and `orders/2` as topics with or without partitions. @throws USAGE. */
function topicsOf(words: readonly string[]): { topic: string; partitions: number[] | undefined }[] {
  const places = words.map((word) => {
    const [, topic, partition] = /^([^/]+)(?:\/(\d{1,9}))?$/.exec(word) ?? [];
    if (topic === undefined) throw usageError(`--topic: "${word}" must be a topic, or TOPIC/PARTITION`);
    return { topic, partition: partition === undefined ? undefined : Number(partition) };
  });
  return [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, own]) => {
    const partitions = own.map(({ partition }) => partition);
    const all = partitions.some((partition) => partition === undefined);
    return {
      topic,
      partitions: all ? undefined : [...new Set(partitions.filter((partition) => partition !== undefined))],
    };
  });
}
