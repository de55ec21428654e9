import type { FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * Scheme and host for absolute URLs: the configured one, else the request's own. `X-Forwarded-*` count only where
 * Fastify's `trustProxy` lets them.
 * @throws Problem 400 `bad_request` when the request's host cannot stand in a URL.
 */
export function baseUrl(request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl;
  if (!HOST.test(request.host))
    throw new Problem(400, "bad_request", "the Host header is missing or not a host");
  return `${request.protocol}://${request.host}`;
}
