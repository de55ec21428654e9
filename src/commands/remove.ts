import { batch } from "../actions/batch.ts";
import { toPlugctlError } from "../core/errors.ts";
import { addressedAll } from "./addressed.ts";
import { batchResult } from "./batch-result.ts";
import type { Handler } from "./command.ts";
import type { remove } from "./remove.meta.ts";

export const run: Handler<typeof remove> = async ({ args, options, host }) => {
  const plugins = await addressedAll(host, "removal", args.plugins);
  const dryRun = options.dryRun === true;
  const request = { purge: options.purge === true, reason: options.reason, dryRun };
  if (!dryRun) {
    for (const { label, on, name, version } of plugins) {
      await host.prompt.confirm(`Remove ${label}? This ${on.describe({ ...request, name, version })}.`);
    }
  }
  const outcomes = await batch(
    plugins,
    async ({ on, name, version }) => {
      try {
        return await on.remove({ ...request, name, version });
      } catch (error) {
        if (options.ignoreNotFound && toPlugctlError(error).code === "NOT_FOUND") return [];
        throw error;
      }
    },
    { concurrency: 1, signal: host.signal },
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
