import type { Outdated } from "../actions/find-outdated.ts";
import type { Host } from "../host.ts";
import { type Result, rows } from "../output/result.ts";
import { pluginName, warnFailures } from "./plugin-rows.ts";

/** Says which plugins are outdated; with `exitCode`, finding some is told by 10. */
export function outdatedRows(host: Host, found: Outdated, options: { exitCode: boolean }): Result {
  const unreachable = warnFailures(host, found.failures);
  const different = options.exitCode && found.plugins.length > 0 ? 10 : 0;
  return rows(
    found.plugins,
    [
      { key: "target", drop: 2 },
      { key: "name", drop: 0 },
      { key: "version", drop: 0 },
      { key: "latest", drop: 0 },
      { key: "digestChanged", title: "changed", drop: 1, show: (changed) => (changed ? "yes" : "") },
    ],
    { empty: "everything is up to date", nameOf: pluginName, exitCode: unreachable || different },
  );
}
