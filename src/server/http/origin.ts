import type { FastifyRequest } from "fastify";

/** Where a request came from, as the audit log names it; what comes through the Unix socket has no address. */
export const originOf = (request: FastifyRequest) => ({
  ip: request.ip ?? "local-socket",
  requestId: request.id,
});
