import { batch } from "../actions/batch.ts";
import type { LifecycleAction, LifecycleResult } from "../core/lifecycle.ts";
import type { Host } from "../host.ts";
import type { Result } from "../output/result.ts";
import { addressedAll } from "./addressed.ts";
import { batchResult } from "./batch-result.ts";

/** How many plugins are worked on at once. */
const CONCURRENCY = 4;

const DOING: Readonly<Record<LifecycleAction, string>> = {
  start: "starting",
  stop: "stopping",
  kill: "killing",
  restart: "restarting",
  pause: "pausing",
  resume: "resuming",
};

/** Does one thing to the lifecycle of each plugin. */
export async function control(
  host: Host,
  action: LifecycleAction,
  plugins: readonly string[],
  options: { timeoutSeconds?: number | undefined; signal?: string | undefined } = {},
): Promise<Result> {
  const found = await addressedAll(host, "lifecycle", plugins);
  const outcomes = await batch(
    found,
    async ({ on, name, label }) => {
      host.progress.listener({ phase: DOING[action], message: `${DOING[action]} ${label}` });
      return [await on[action](name, options)];
    },
    { concurrency: CONCURRENCY, signal: host.signal },
  );
  return batchResult<LifecycleResult>(host, outcomes, {
    columns: [
      { key: "state", as: "state", drop: 0 },
      { key: "changed", drop: 2 },
    ],
    sentence: ({ label }, { state, changed }) => `${label} is ${state}${changed ? "" : " already"}`,
  });
}
