import { acrossTargets } from "../actions/across-targets.ts";
import { rows } from "../output/result.ts";
import type { Handler } from "./command.ts";
import { PLUGIN_COLUMNS, pluginName, warnFailures } from "./plugin-rows.ts";
import type { search } from "./search.meta.ts";

export const run: Handler<typeof search> = async ({ args, options, host }) => {
  const text = args.words.join(" ");
  const hints = new Set<string>();
  const found = await acrossTargets(host, "catalogue", (on) => {
    if (on.hint !== undefined) hints.add(on.hint);
    return on.search({ text, ...options });
  });
  // Who looks at all targets need not hear of those that have nothing to search, unless nothing was found.
  if (host.settings.target.length > 0 || found.plugins.length === 0) for (const hint of hints) host.say(hint);
  return rows(found.plugins, PLUGIN_COLUMNS, {
    empty: text === "" ? "nothing found" : `nothing found for "${text}"`,
    nameOf: pluginName,
    exitCode: warnFailures(host, found.failures),
  });
};
