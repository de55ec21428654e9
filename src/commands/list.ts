import { acrossTargets } from "../actions/across-targets.ts";
import { rows } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { list } from "./list.meta.ts";
import { PLUGIN_COLUMNS, pluginName, warnFailures } from "./plugin-rows.ts";

const HEALTH = { key: "health", drop: 3 };

export const run: Handler<typeof list> = async ({ host }) => {
  const found = await acrossTargets(host, "listing", (on) => on.list());
  // For people alone: the fields that a pipe gets are always the same.
  const isWatched = host.terminal.stdoutIsTerminal && found.plugins.some(({ health }) => health != null);
  return rows(found.plugins, isWatched ? [...PLUGIN_COLUMNS, HEALTH] : PLUGIN_COLUMNS, {
    empty: "no plugins",
    nameOf: pluginName,
    exitCode: warnFailures(host, found.failures),
  });
};
