import type { FastifyInstance, FastifyRequest } from "fastify";
import { Counter, collectDefaultMetrics, Histogram, type Registry } from "prom-client";
import { z } from "zod";
import type { Identity } from "../identity/identity.ts";
import { isLoopback } from "./hosts.ts";
import { Problem } from "./problem.ts";
import { ANONYMOUS } from "./schemas.ts";

/** Requests that no route took share one name, or each wrong path would become a time series. */
const UNMATCHED = "unmatched";

/** Counts and times every request by its route. */
export function addRequestMetrics(app: FastifyInstance, registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "plugctl_http_requests_total",
    help: "Answered HTTP requests",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "plugctl_http_request_duration_seconds",
    help: "Time from the request's headers to the end of the answer",
    labelNames: ["method", "route"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  /** Looking a time series up by its labels costs more than the rest; there are as many as routes and statuses. */
  const known = new Map<
    string,
    { count: Counter.Internal; duration: Histogram.Internal<"method" | "route"> }
  >();
  function seriesOf(method: string, route: string, status: number) {
    const key = `${method} ${status} ${route}`;
    const series = known.get(key) ?? {
      count: requests.labels(method, route, String(status)),
      duration: durations.labels(method, route),
    };
    known.set(key, series);
    return series;
  }
  app.addHook("onResponse", (request, reply, done) => {
    const { method, routeOptions } = request;
    const { count, duration } = seriesOf(method, routeOptions.url ?? UNMATCHED, reply.statusCode);
    count.inc();
    duration.observe(reply.elapsedTime / 1000);
    done();
  });
}

/** True when the caller sits on this machine, and not behind a proxy on it. */
function isLocalCaller(request: FastifyRequest): boolean {
  const { "x-forwarded-for": forwardedFor, forwarded } = request.headers;
  if (forwardedFor !== undefined || forwarded !== undefined) return false;
  const address = request.socket.remoteAddress;
  return address === undefined || isLoopback(address.replace(/^::ffff:/, ""));
}

export function addMetricsRoute(app: FastifyInstance, registry: Registry, identity: Identity): void {
  app.route({
    method: "GET",
    url: "/metrics",
    schema: {
      summary: "Metrics for Prometheus",
      description: "From the machine itself without login, otherwise with the permission `read` or `admin`.",
      tags: ["health"],
      security: ANONYMOUS,
      response: { 200: z.string() },
    },
    async handler(request, reply) {
      if (!isLocalCaller(request)) {
        const caller = await identity.require(request);
        const allowed = (await identity.allows(caller, "read")) || (await identity.allows(caller, "admin"));
        if (!allowed)
          throw new Problem(403, "scope_missing", "reading metrics needs the permission read or admin");
      }
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  });
}
