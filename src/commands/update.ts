import { batch } from "../actions/batch.ts";
import { findOutdated, outdatedAmong } from "../actions/find-outdated.ts";
import { usageError } from "../core/errors.ts";
import { addressedAll } from "./addressed.ts";
import { changeResult } from "./change-result.ts";
import type { Handler } from "./command.ts";
import { outdatedRows } from "./outdated-rows.ts";
import { pluginName, warnFailures } from "./plugin-rows.ts";
import { byTarget, progressOf } from "./several-targets.ts";
import type { update } from "./update.meta.ts";

export const run: Handler<typeof update> = async ({ args, options, host }) => {
  if (args.plugins.length > 0 === (options.all === true)) {
    throw usageError(options.all ? "--all and names of plugins exclude each other" : "no plugin was named", {
      hint: "name plugins, or write --all for those that are outdated",
    });
  }
  if (options.exitCode && !options.check) throw usageError("--exit-code belongs to --check");
  const named = await addressedAll(host, "installation", args.plugins);
  const outdated = options.all ? await findOutdated(host) : undefined;
  if (options.check) {
    const wanted = named.map(({ target, name, label }) => ({ target: target.name, name, label }));
    return outdatedRows(host, outdated ?? (await outdatedAmong(host, wanted)), {
      exitCode: options.exitCode === true,
    });
  }
  const plugins =
    outdated === undefined
      ? named
      : await addressedAll(host, "installation", outdated.plugins.map(pluginName));
  const dryRun = options.dryRun === true;
  const outcomes = await batch(
    plugins,
    async ({ on, name, version, ...item }) =>
      on.update({ name, version, dryRun }, progressOf(host, plugins, item)),
    byTarget(host, options.parallel),
  );
  const result = changeResult(host, outcomes, { dryRun });
  const unreachable = warnFailures(host, outdated?.failures ?? []);
  return unreachable === 0 ? result : { ...result, exitCode: unreachable };
};
