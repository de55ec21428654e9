import type { FastifyInstance } from "fastify";

/** Refusals that an operator wants to see without switching the log of all requests on. */
const NOTABLE: ReadonlySet<number> = new Set([401, 403, 421, 429]);

/** Logs requests: each at `debug`, refused credentials and limits at `warn`. Never the query, which may hold secrets. */
export function addRequestLog(app: FastifyInstance): void {
  const logsAll = app.log.level === "debug" || app.log.level === "trace";
  app.addHook("onResponse", (request, reply, done) => {
    const notable = NOTABLE.has(reply.statusCode);
    if (notable || logsAll) {
      const line = {
        method: request.method,
        path: loggedPath(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ip: request.ip,
      };
      if (notable) request.log.warn(line, "request refused");
      else request.log.debug(line, "request");
    }
    done();
  });
}

/** Without the query, and without the token that a path of wazo-auth's API names. */
function loggedPath(url: string): string {
  const [path = ""] = url.split("?", 1);
  return path.replace(/(\/0\.1\/token\/)[^/]+/, "$1…");
}
