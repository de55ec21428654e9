import type { FastifyInstance } from "fastify";

const METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
const HEADERS = "Content-Type, X-Auth-Token";

/**
 * Lets pages of other origins call, as the original does: the token is in a header that such a page has to know, no browser
 * adds it by itself.
 */
export function allowOtherOrigins(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { origin } = request.headers;
    reply.header("access-control-allow-origin", origin ?? "*");
    if (origin !== undefined) reply.header("vary", "Origin");
    if (request.method === "OPTIONS") {
      reply.headers({ "access-control-allow-headers": HEADERS, "access-control-allow-methods": METHODS });
    }
    done();
  });
}
