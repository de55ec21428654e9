import { acrossTargets } from "../actions/across-targets.ts";
import { rows } from "../output/result.ts";
import type { Handler } from "./command.ts";
import { PLUGIN_COLUMNS, pluginName, warnFailures } from "./plugin-rows.ts";
import type { search } from "./search.meta.ts";

export const run: Handler<typeof search> = async ({ args, options, host }) => {
  const text = args.words.join(" ");
  const found = await acrossTargets(host, "catalogue", (on) => on.search({ text, ...options }));
  return rows(found.plugins, PLUGIN_COLUMNS, {
    empty: text === "" ? "nothing found" : `nothing found for "${text}"`,
    nameOf: pluginName,
    exitCode: warnFailures(host, found.failures),
  });
};
