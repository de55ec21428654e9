import { setTimeout as sleep } from "node:timers/promises";
import { PlugctlError, toPlugctlError } from "../../core/errors.ts";
import type { HttpClient, ServerSentEvent } from "../http/call.ts";

/** Before each new attempt, in ms: a server that is updated is away for less than they are together. */
const DELAYS_MS = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];

/** A connection that held for so long was a good one: the attempts are counted anew. */
const STABLE_MS = 30_000;

/** Reasons that only an established connection gives; on any other the first attempt fails at once. */
const BROKEN = new Set<unknown>(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_BODY_TIMEOUT"]);

export interface ResumeOptions {
  /** Of the run: ends the waiting, too. */
  signal: AbortSignal;
  lastEventId?: string | undefined;
  onInterruption?: ((error: Error) => void) | undefined;
  delaysMs?: readonly number[];
}

/**
 * The events of a stream for as long as the caller reads: when the connection ends it is opened again after the
 * last event that came. @throws what the first attempt throws, any failure that will not pass, and UNAVAILABLE or
 * TIMEOUT when all attempts in a row have failed.
 */
export async function* resumeEvents(
  client: HttpClient,
  path: string,
  { signal, lastEventId, onInterruption, delaysMs = DELAYS_MS }: ResumeOptions,
): AsyncGenerator<ServerSentEvent> {
  let last = lastEventId;
  let failures = 0;
  for (let connected = false; ; ) {
    const begin = performance.now();
    let error = new PlugctlError("UNAVAILABLE", `target "${client.target}" ended the stream of events`);
    try {
      for await (const event of client.events(path, { lastEventId: last })) {
        last = event.id ?? last;
        failures = 0;
        connected = true;
        yield event;
      }
      connected = true;
    } catch (thrown) {
      error = toPlugctlError(thrown);
      connected ||= BROKEN.has(error.details?.reason);
      if (!connected || (error.code !== "UNAVAILABLE" && error.code !== "TIMEOUT")) throw thrown;
    }
    if (performance.now() - begin > STABLE_MS) failures = 0;
    const delayMs = delaysMs[failures];
    if (delayMs === undefined) throw error;
    failures += 1;
    onInterruption?.(error);
    await sleep(delayMs, undefined, { signal });
  }
}
