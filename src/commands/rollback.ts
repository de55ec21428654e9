import { batch } from "../actions/batch.ts";
import { addressedAll } from "./addressed.ts";
import { changeResult } from "./change-result.ts";
import type { Handler } from "./command.ts";
import type { rollback } from "./rollback.meta.ts";
import { byTarget, progressOf } from "./several-targets.ts";

export const run: Handler<typeof rollback> = async ({ args, options, host }) => {
  const plugins = await addressedAll(host, "installation", [args.plugin]);
  const dryRun = options.dryRun === true;
  const outcomes = await batch(
    plugins,
    async ({ on, name, ...item }) => on.rollback({ name, dryRun }, progressOf(host, plugins, item)),
    byTarget(host, options.parallel),
  );
  return changeResult(host, outcomes, { dryRun });
};
