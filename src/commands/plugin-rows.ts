import type { TargetFailure } from "../actions/across-targets.ts";
import type { Host } from "../host.ts";
import type { Column } from "../output/table.ts";

/** Columns of every list of plugins. */
export const PLUGIN_COLUMNS: readonly Column[] = [
  { key: "target", drop: 2 },
  { key: "name", drop: 0 },
  { key: "version", drop: 0 },
  { key: "state", as: "state", drop: 1 },
  { key: "description", drop: 4 },
  { key: "updatedAt", title: "updated", as: "time", drop: 3 },
];

/** The reference that other commands accept. */
export const pluginName = (row: { readonly target?: unknown; readonly name?: unknown }): string =>
  `${row.target}:${row.name}`;

/** Says which targets did not answer; the exit code is 8 (partly done) when there are any. */
export function warnFailures(host: Host, failures: readonly TargetFailure[]): number {
  for (const { target, error } of failures) host.warn(`${target}: ${error.message}`);
  return failures.length > 0 ? 8 : 0;
}
