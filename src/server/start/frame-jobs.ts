import type { Frame } from "../frame.ts";
import type { BackgroundJob } from "../module.ts";

const HOUR_MS = 3600_000;
const OPERATION_DAYS = 90;

/** What the frame itself tidies up. */
export function frameJobs({ sessions, operations, context: { now } }: Frame): BackgroundJob[] {
  return [
    { name: "expired-sessions", everyMs: HOUR_MS, run: () => sessions.prune() },
    {
      name: "old-operations",
      everyMs: 24 * HOUR_MS,
      run: () => operations.prune(new Date(now().getTime() - OPERATION_DAYS * 24 * HOUR_MS)),
    },
  ];
}
