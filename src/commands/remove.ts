import { batch } from "../actions/batch.ts";
import { toPlugctlError } from "../core/errors.ts";
import { addressedAll } from "./addressed.ts";
import { batchResult } from "./batch-result.ts";
import type { Handler } from "./command.ts";
import type { remove } from "./remove.meta.ts";
import { byTarget, progressOf } from "./several-targets.ts";

export const run: Handler<typeof remove> = async ({ args, options, host }) => {
  const plugins = await addressedAll(host, "removal", args.plugins);
  const dryRun = options.dryRun === true;
  const request = {
    purge: options.purge === true,
    dependents: options.dependents === true,
    reason: options.reason,
    dryRun,
  };
  if (!dryRun) {
    for (const { label, on, name, version } of plugins) {
      await host.prompt.confirm(`Remove ${label}? This ${on.describe({ ...request, name, version })}.`);
    }
  }
  const outcomes = await batch(
    plugins,
    async ({ on, name, version, ...item }) => {
      try {
        return await on.remove({ ...request, name, version }, progressOf(host, plugins, item));
      } catch (error) {
        if (options.ignoreNotFound && toPlugctlError(error).code === "NOT_FOUND") return [];
        throw error;
      }
    },
    byTarget(host, options.parallel),
  );
  return batchResult(host, outcomes, {
    columns: [
      { key: "version", drop: 0 },
      { key: "state", as: "state" },
    ],
    sentence: (_, { name, version, state }) =>
      dryRun ? `${name} ${version} would be removed` : `${name} ${version} is ${state}`,
    empty: "nothing to remove",
    nameOf: (row) => `${row.target}:${row.name}${row.version ? `@${row.version}` : ""}`,
  });
};
