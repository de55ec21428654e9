import type { IncomingMessage } from "node:http";
import { Problem } from "./problem.ts";

/** How long the rest of a refused upload is read, so that the client gets to see the answer. */
const LINGER_MS = 10_000;

/**
 * The request's body in pieces. Ending early leaves the connection open for the answer; call `dismissUpload` then.
 * @throws Problem 408 `upload_timeout` when nothing arrives for `idleMs`; 400 `bad_request` when the client goes away.
 */
export async function* receiveUpload(request: IncomingMessage, idleMs: number): AsyncGenerator<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const { done, value } = await inTime(chunks.next(), idleMs);
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
    () =>
      late.reject(new Problem(408, "upload_timeout", "the upload stood still for too long and was ended")),
    ms,
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
