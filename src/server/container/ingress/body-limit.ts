import { type Readable, Transform } from "node:stream";
import type { FastifyRequest } from "fastify";
import { Problem } from "../../http/problem.ts";

const tooLarge = (maxBytes: number) =>
  new Problem(413, "body_too_large", `a request to this plugin may have ${maxBytes} bytes`, {
    // What is still under way is not read.
    headers: { connection: "close" },
  });

/** @throws Problem 413 for a body that says beforehand that it is too large. */
export function requireAllowedLength({ headers }: FastifyRequest, maxBytes: number | null): void {
  if (maxBytes !== null && Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/** The body as it comes; one that did not say how long it is fails with Problem 413 where it becomes too long. */
export function limitBody({ raw, headers }: FastifyRequest, maxBytes: number | null): Readable {
  if (maxBytes === null || headers["content-length"] !== undefined) return raw;
  let bytes = 0;
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
  raw.on("error", (error) => limited.destroy(error));
  return raw.pipe(limited);
}
