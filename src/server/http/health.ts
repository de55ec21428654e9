import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ModuleState } from "../module-states.ts";
import { readiness } from "../module-states.ts";
import { ANONYMOUS } from "./schemas.ts";

export const moduleReportSchema = z.union([z.enum(["ready", "off"]), z.object({ unavailable: z.string() })]);
const readySchema = z.object({
  status: z.enum(["ready", "not-ready"]),
  modules: z.record(z.string(), moduleReportSchema),
});

/** `/healthz`: the process answers. `/readyz`: every module that was started can serve. */
export function addHealthRoutes(app: FastifyInstance, modules: ReadonlyMap<string, ModuleState>): void {
  app.route({
    method: "GET",
    url: "/healthz",
    schema: {
      summary: "Whether the process is alive",
      tags: ["health"],
      security: ANONYMOUS,
      response: { 200: z.object({ status: z.literal("ok") }) },
    },
    handler: async () => ({ status: "ok" }),
  });
  app.route({
    method: "GET",
    url: "/readyz",
    schema: {
      summary: "Whether every started module can serve, with the reason where one cannot",
      tags: ["health"],
      security: ANONYMOUS,
      response: { 200: readySchema, 503: readySchema },
    },
    async handler(_request, reply) {
      const report = await readiness(modules);
      return reply
        .code(report.ready ? 200 : 503)
        .header("cache-control", "no-store")
        .send({ status: report.ready ? "ready" : "not-ready", modules: report.modules });
    },
  });
}
