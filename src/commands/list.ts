import { acrossTargets } from "../actions/across-targets.ts";
import { rows } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { list } from "./list.meta.ts";
import { PLUGIN_COLUMNS, pluginName, warnFailures } from "./plugin-rows.ts";

export const run: Handler<typeof list> = async ({ host }) => {
  const found = await acrossTargets(host, "listing", (on) => on.list());
  return rows(found.plugins, PLUGIN_COLUMNS, {
    empty: "no plugins",
    nameOf: pluginName,
    exitCode: warnFailures(host, found.failures),
  });
};
