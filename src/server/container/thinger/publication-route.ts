import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import type { ServerContext } from "../../module.ts";
import { type PublishedEntries, publicationSchema } from "../marketplace/publications.ts";
import { errorResponse } from "./errors.ts";

/** What 123 real descriptions need at most, several times over. */
const BODY_BYTES = 8 * 1024 * 1024;

/** `PUT /plugins/<name>/tags/<tag>`: how the platform's own pipeline publishes a version of a plugin. */
export function publicationRoute(
  app: FastifyInstance,
  context: Pick<ServerContext, "audit" | "events" | "identity">,
  published: PublishedEntries,
): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: "PUT",
    url: "/plugins/:name/tags/:tag",
    bodyLimit: BODY_BYTES,
    schema: {
      operationId: "PublishPlugin",
      tags: ["thinger"],
      summary: "Publish a version of a plugin to this server's marketplace",
      params: z.object({ name: z.string().min(1).max(100), tag: z.string().min(1).max(100) }),
      body: publicationSchema,
      response: {
        200: z.object({
          plugin: z.string(),
          version: z.string(),
          status: z.enum(["published", "unchanged"]),
        }),
        ...errorResponse,
      },
    },
    async handler(request) {
      const { name, tag } = request.params;
      const actor = await context.identity.authorize(request, "publish", { plugin: name });
      const isNew = await published.publish(name, tag, request.body, actor.login);
      const resource = `marketplace:${name}@${tag}`;
      if (isNew) {
        await context.audit.record({
          actor,
          action: "marketplace.publish",
          resource,
          outcome: "ok",
          ...originOf(request),
        });
        context.events.publish({ type: "marketplace.published", resource });
      }
      return { plugin: name, version: tag, status: isNew ? ("published" as const) : ("unchanged" as const) };
    },
  });
}
