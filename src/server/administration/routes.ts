import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { operationSchema } from "../events/operation-routes.ts";
import type { Frame } from "../frame.ts";
import { moduleReportSchema } from "../http/health.ts";
import { originOf } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import { problemResponse, streamResponse, timeSchema } from "../http/schemas.ts";
import type { ModuleState } from "../module-states.ts";
import { createBackup } from "../storage/backup.ts";
import { collectGarbage } from "./garbage.ts";
import { readStatus } from "./status.ts";

const statusSchema = z.object({
  version: z.string(),
  startedAt: timeSchema,
  uptimeSeconds: z.int(),
  dataDir: z.string(),
  sizeBytes: z.int(),
  modules: z.record(z.string(), moduleReportSchema),
  counts: z.record(z.string(), z.int()),
});

/** `server/…`: for whoever runs the server. */
export function administrationRoutes(frame: Frame, modules: ReadonlyMap<string, ModuleState>) {
  return async (app: FastifyInstance): Promise<void> => {
    const { identity, operations, keys, version } = frame;
    const { audit, blobs, database, dataDir, now } = frame.context;
    const typed = app.withTypeProvider<ZodTypeProvider>();
    const tags = ["server"];
    const startedAt = now();
    let collecting = false;

    typed.route({
      method: "GET",
      url: "/server/status",
      schema: {
        summary: "Version, uptime, modules, sizes and counts",
        tags,
        response: { 200: statusSchema, ...problemResponse },
      },
      async handler(request) {
        await identity.authorize(request, "admin");
        return readStatus(frame, modules, startedAt);
      },
    });

    app.route({
      method: "GET",
      url: "/server/backup",
      schema: {
        summary: "Everything as a tar: database, blobs, signing keys",
        description: "Of one moment, while the server goes on working. Keep it as safe as the server itself.",
        tags,
        response: streamResponse("application/x-tar", "The archive, for `plugctl server restore`"),
      },
      async handler(request, reply) {
        const actor = await identity.authorize(request, "admin");
        await audit.record({
          actor,
          action: "server.backup",
          resource: "server",
          outcome: "ok",
          ...originOf(request),
        });
        const name = `plugctl-${now().toISOString().replaceAll(/[:.]/g, "-")}.tar`;
        return reply
          .type("application/x-tar")
          .header("cache-control", "no-store")
          .header("content-disposition", `attachment; filename="${name}"`)
          .send(createBackup({ dataDir, blobs, version, now: now() }));
      },
    });

    typed.route({
      method: "POST",
      url: "/server/gc",
      schema: {
        summary: "Remove blobs that nothing refers to and that are older than a day",
        tags,
        response: { 202: operationSchema, ...problemResponse },
      },
      async handler(request, reply) {
        const actor = await identity.authorize(request, "admin");
        if (collecting) throw new Problem(409, "gc_running", "garbage is being collected already");
        collecting = true;
        const what = { kind: "server.gc", resource: "server", actor };
        const operation = await operations
          .start(what, async (progress, signal) => {
            try {
              const all = [...modules.values()].map(({ module }) => module);
              const options = { now: now(), progress, signal };
              const collected = await collectGarbage({ blobs, database }, all, options);
              const entry = { actor, action: "server.gc", resource: "server", outcome: "ok" as const };
              await audit.record({ ...entry, ...originOf(request), detail: { ...collected } });
              return collected;
            } finally {
              collecting = false;
            }
          })
          .catch((error: unknown) => {
            collecting = false;
            throw error;
          });
        return reply.code(202).header("location", `/api/v1/operations/${operation.id}`).send(operation);
      },
    });

    typed.route({
      method: "POST",
      url: "/server/keys/rotate",
      schema: {
        summary: "Sign access tokens with a new key from now on",
        description: "Tokens that the old key signed stay good until they expire.",
        tags,
        response: { 200: z.object({ kid: z.string() }), ...problemResponse },
      },
      async handler(request) {
        const actor = await identity.authorize(request, "admin");
        const kid = await keys.rotate();
        const entry = { actor, action: "server.keys.rotate", resource: "server", outcome: "ok" as const };
        await audit.record({ ...entry, ...originOf(request), detail: { kid } });
        return { kid };
      },
    });
  };
}
