import { setTimeout as sleep } from "node:timers/promises";
import { isPlugctlError } from "../../core/errors.ts";
import type { Deadline } from "./deadline.ts";

const RETRIES = 2;
const FIRST_DELAY_MS = 150;

/** What may be over in a moment: a server that restarts, a proxy without its backend. */
const PASSING = new Set<unknown>([502, 503, 504, "ECONNREFUSED", "ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * Repeats an idempotent call that failed for a reason that may pass, at most twice and within its time limit.
 * undici's RetryAgent does not fit: it also takes up an answer in its middle, and its attempts cannot be traced.
 */
export async function withRetries<T>(deadline: Deadline, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const waitMs = tries < RETRIES ? delayMs(error, tries) : undefined;
      if (waitMs === undefined || waitMs >= deadline.remainingMs) throw error;
      await sleep(waitMs, undefined, { signal: deadline.signal }).catch(() => {
        throw deadline.signal.reason;
      });
    }
  }
}

function delayMs(error: unknown, tries: number): number | undefined {
  if (!isPlugctlError(error)) return undefined;
  const { status, reason, retryAfterSeconds } = error.details ?? {};
  if (!PASSING.has(status) && !PASSING.has(reason)) return undefined;
  if (typeof retryAfterSeconds === "number") return retryAfterSeconds * 1000;
  return FIRST_DELAY_MS * 2 ** tries;
}
