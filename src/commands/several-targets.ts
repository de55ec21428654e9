import type { BatchOptions } from "../actions/batch.ts";
import type { Target } from "../config/config.ts";
import type { ProgressListener } from "../core/progress.ts";
import type { Host } from "../host.ts";

/** Targets that are worked on at a time, unless `--parallel` says otherwise. */
const DEFAULT_PARALLEL = 4;

/** Targets side by side, the plugins of one target in their order. */
export const byTarget = <Item extends { target: Target }>(
  host: Host,
  parallel: number | undefined,
): BatchOptions<Item> => ({
  concurrency: parallel ?? DEFAULT_PARALLEL,
  signal: host.signal,
  laneOf: ({ target }) => target.name,
});

/** Progress of one item: named where it is one of several. */
export const progressOf = (
  host: Host,
  items: readonly { label: string }[],
  { label }: { label: string },
): ProgressListener => (items.length > 1 ? host.progress.of(label) : host.progress.listener);
