import { usageError } from "../../../core/errors.ts";
import { rows } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import { assignments } from "./assignments.ts";
import type { kafkaTopicsConfigs } from "./configs.meta.ts";

export const run: Handler<typeof kafkaTopicsConfigs> = async ({ args, options, host }) => {
  const set = assignments(options.set, "--set");
  const unset = options.unset ?? [];
  const both = unset.find((name) => name in set);
  if (both !== undefined) throw usageError(`"${both}" is both in --set and in --unset`);
  const change = options.set !== undefined || options.unset !== undefined;
  if (options.dryRun && !change) throw usageError("--dry-run has no meaning without --set or --unset");
  const { target, on } = await host.capability("topics");
  const { name } = args;
  const dryRun = options.dryRun === true;
  const configs = change
    ? await on.changeConfigs({ topic: name, set, unset, dryRun })
    : await on.configs(name);
  if (change) {
    host.say(dryRun ? "the brokers would accept the change" : `changed the configuration of topic ${name}`);
  }
  return rows(
    configs
      .filter(({ origin }) => options.all || origin === "topic")
      .map((config) => ({ target: target.name, topic: name, ...config })),
    [
      { key: "name", drop: 0 },
      { key: "value", drop: 0 },
      { key: "origin" },
      { key: "readOnly", title: "read only", drop: 2 },
    ],
    { empty: `topic ${name} has the defaults; --all shows them` },
  );
};
