import { setImmediate as nextTurn } from "node:timers/promises";

/** So long the process may be kept from everything else, in ms. */
const LONGEST_MS = 5;

let since = 0;

/**
 * To be awaited between the synchronous calls of a walk over files. Such a call costs a twentieth of one that goes through
 * another thread, which a tree of many small files adds up to more than all else; what it blocks is bounded by this.
 */
export async function giveWay(): Promise<void> {
  if (performance.now() - since < LONGEST_MS) return;
  await nextTurn();
  since = performance.now();
}
