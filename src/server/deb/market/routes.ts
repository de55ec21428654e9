import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { ANONYMOUS, problemResponse } from "../../http/schemas.ts";
import type { Market } from "./market.ts";

/** The document that clients of a static Wazo market read; a wazo-plugind can use this server as its market. */
export function marketRoutes(app: FastifyInstance, market: Market): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: "GET",
    url: "/v1/plugins",
    schema: {
      tags: ["deb"],
      summary: "The market as one document",
      security: ANONYMOUS,
      response: { 200: z.object({ items: z.array(z.looseObject({})) }), ...problemResponse },
    },
    async handler(_request, reply) {
      reply.header("cache-control", "public, max-age=60");
      return { items: await market.items() };
    },
  });
}
