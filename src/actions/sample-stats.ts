import { setTimeout as sleep } from "node:timers/promises";
import type { Target } from "../config/config.ts";
import type { PluginStats, Statistics } from "../core/observation.ts";
import { acrossTargets, type Found, type TargetAccess, type TargetFailure } from "./across-targets.ts";

/** Between two samples, in ms; engines take about a second for one as well. */
const INTERVAL_MS = 1000;

export interface StatsSample {
  plugins: Found<PluginStats>[];
  failures: TargetFailure[];
}

/** One sample of the plugins given, or of all that run. @throws NOT_FOUND for a plugin that is not installed. */
export async function sampleStats(
  access: TargetAccess,
  plugins: readonly { target: Target; name: string; on: Statistics }[],
): Promise<StatsSample> {
  if (plugins.length === 0) return acrossTargets(access, "statistics", (on) => on.stats([]));
  const byTarget = Map.groupBy(plugins, ({ target }) => target.name);
  const samples = await Promise.all(
    [...byTarget.values()].map(async (members) => {
      const [first] = members;
      if (first === undefined) return [];
      const { target, on } = first;
      const sample = await on.stats(members.map(({ name }) => name));
      return sample.map((one) => ({ target: target.name, kind: target.kind, ...one }));
    }),
  );
  return { plugins: samples.flat(), failures: [] };
}

/** Samples, one after the other, until the signal ends it. */
export async function* watchStats(
  sample: () => Promise<StatsSample>,
  signal: AbortSignal,
): AsyncGenerator<StatsSample> {
  for (;;) {
    yield await sample();
    await sleep(INTERVAL_MS, undefined, { signal });
  }
}
