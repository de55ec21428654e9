import type { IncomingMessage } from "node:http";
import { Problem } from "../../http/problem.ts";

/** How long the rest of a refused upload is read, so that the client gets to see the answer. */
const LINGER_MS = 10_000;

export interface UploadTimes {
  uploadIdleMs: number;
  uploadTotalMs: number;
}

/**
 * The request's body in pieces. Ending early leaves the connection open for the answer; call `dismissUpload` then.
 * @throws Problem 408 `upload_timeout` when nothing arrives for too long, or it takes too long in all;
 *   400 `bad_request` when the client goes away.
 */
export async function* receiveUpload(
  request: IncomingMessage,
  times: UploadTimes,
): AsyncGenerator<Uint8Array> {
  const deadline = Date.now() + times.uploadTotalMs;
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const { done, value } = await inTime(
        chunks.next(),
        Math.min(times.uploadIdleMs, deadline - Date.now()),
      );
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: it comes only after a read that is still waiting for bytes.
    chunks.return?.().catch(() => {});
  }
}

async function inTime<Value>(next: Promise<Value>, ms: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Problem(408, "upload_timeout", "the upload was too slow and was ended")),
    Math.max(ms, 0),
  );
  try {
    return await Promise.race([next, late.promise]);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem(400, "bad_request", "the upload was cut off", { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Reads and drops what is left of a body, for a while: a client that is still sending sees no answer otherwise. */
export function dismissUpload(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once("close", () => clearTimeout(timer));
  request.once("end", () => clearTimeout(timer));
  request.once("error", () => clearTimeout(timer));
  request.resume();
}
