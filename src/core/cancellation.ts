import type { ProgressListener } from "./progress.ts";

/** Ends a change that a server is still at. */
export interface Cancellation {
  /**
   * Resolves when the operation has ended and everything is as it was before it.
   * @param operation its id, or the name of a plugin of which one is under way.
   * @returns its id.
   * @throws NOT_FOUND when there is none, CONFLICT when it has ended or its change has been made meanwhile.
   */
  cancel(operation: string, progress: ProgressListener): Promise<string>;
}
