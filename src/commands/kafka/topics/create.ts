import { isPlugctlError } from "../../../core/errors.ts";
import { done } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import { assignments } from "./assignments.ts";
import type { kafkaTopicsCreate } from "./create.meta.ts";

export const run: Handler<typeof kafkaTopicsCreate> = async ({ args, options, host }) => {
  const configs = assignments(options.config, "--config");
  const { target, on } = await host.capability("topics");
  const { name } = args;
  const dryRun = options.dryRun === true;
  const { partitions, replicationFactor } = options;
  try {
    await on.create({ name, partitions, replicationFactor, configs, dryRun });
  } catch (error) {
    if (!options.ifNotExists || !isPlugctlError(error) || error.code !== "CONFLICT") throw error;
    return done(`topic ${name} exists already`, { target: target.name, name, created: false });
  }
  if (dryRun) return done(`topic ${name} would be created`, { target: target.name, name, created: false });
  return done(`created topic ${name}`, { target: target.name, name, created: true });
};
