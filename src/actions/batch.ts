import { type PlugctlError, toPlugctlError } from "../core/errors.ts";

/** How one item of a batch ended. */
export type Outcome<Item, T> =
  | { item: Item; value: T; error?: undefined }
  | { item: Item; value?: undefined; error: PlugctlError };

export interface BatchOptions<Item> {
  /** Lanes that are worked on at a time. */
  concurrency: number;
  signal: AbortSignal;
  /** Items of one lane are worked on one after the other; default: each has its own. */
  laneOf?: ((item: Item) => unknown) | undefined;
}

/**
 * Works on several items, a few at a time; one that fails does not keep the others from being tried. Outcomes come
 * in the order of the items. A single item's failure is thrown as it is, and so is an interruption, after which
 * nothing more is begun.
 */
export async function batch<Item, T>(
  items: readonly Item[],
  work: (item: Item) => Promise<T>,
  { concurrency, signal, laneOf }: BatchOptions<Item>,
): Promise<Outcome<Item, T>[]> {
  const outcomes: Outcome<Item, T>[] = [];
  const lanes = [...Map.groupBy(items.entries(), ([index, item]) => laneOf?.(item) ?? index).values()];
  let interruption: PlugctlError | undefined;
  const worker = async () => {
    for (let lane = lanes.shift(); lane !== undefined; lane = lanes.shift()) {
      for (const [index, item] of lane) {
        if (interruption !== undefined) return;
        try {
          outcomes[index] = { item, value: await work(item) };
        } catch (thrown) {
          const error = toPlugctlError(thrown);
          if (error.code === "CANCELLED" || signal.aborted) interruption = error;
          outcomes[index] = { item, error };
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, lanes.length) }, worker));
  if (interruption !== undefined) throw interruption;
  const [first] = outcomes;
  if (items.length === 1 && first?.error !== undefined) throw first.error;
  return outcomes;
}
