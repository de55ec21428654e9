import type { Outcome } from "../actions/batch.ts";
import type { InstallationChange } from "../core/installation.ts";
import type { Host } from "../host.ts";
import type { Result } from "../output/result.ts";
import { sanitizeLine } from "../output/sanitize.ts";
import { type BatchItem, batchResult } from "./batch-result.ts";

/** What installing, updating or rolling back came to; warnings go to stderr. */
export function changeResult(
  host: Host,
  outcomes: readonly Outcome<BatchItem, InstallationChange>[],
  { dryRun }: { dryRun: boolean },
): Result {
  const prefixed = outcomes.length > 1;
  for (const { item, value } of outcomes) {
    for (const warning of value?.warnings ?? []) host.warn(prefixed ? `${item.label}: ${warning}` : warning);
  }
  const listed = outcomes.map((outcome) =>
    outcome.error === undefined ? { ...outcome, value: [outcome.value] } : outcome,
  );
  return batchResult<InstallationChange>(host, listed, {
    columns: [
      { key: "version", drop: 0 },
      { key: "previousVersion", title: "before", drop: 3 },
      { key: "state", as: "state", drop: 1 },
      dryRun ? { key: "plan", show: (plan) => (plan as string[]).join("; ") } : { key: "changed", drop: 2 },
    ],
    sentence: ({ target }, change) => (dryRun ? planned(change) : changed(target.name, change)),
  });
}

function planned({ name, plan }: InstallationChange): string {
  if (plan.length === 0) return `nothing would be done to ${sanitizeLine(name)}`;
  return `this would be done to ${sanitizeLine(name)}:${planLines(plan)}`;
}

/** The steps of a plan, a line each. */
export function planLines(plan: readonly string[]): string {
  return plan.map((step, index) => `\n  ${index + 1}. ${sanitizeLine(step)}`).join("");
}

function changed(
  target: string,
  { name, version, previousVersion, state, changed }: InstallationChange,
): string {
  const plugin = `${target}:${name}${version === null ? "" : ` ${version}`}`;
  const before = previousVersion === null || previousVersion === version ? "" : ` (was ${previousVersion})`;
  return sanitizeLine(`${plugin}${before} is ${state}${changed ? "" : ", nothing had to be changed"}`);
}
