import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { problemResponse, streamResponse } from "../../http/schemas.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Marketplace } from "./marketplace.ts";

const summarySchema = z.object({
  name: z.string(),
  version: z.string(),
  kind: z.enum(["container", "product", "resources"]),
  directory: z.string().nullable(),
  title: z.string(),
  description: z.string().nullable(),
  category: z.string(),
  vendor: z.string().nullable(),
  icon: z.string().nullable(),
  deprecated: z.object({ message: z.string().nullable(), replacement: z.string().nullable() }).nullable(),
  origin: z.string(),
});
const nameParams = z.object({ name: z.string().min(1).max(100) });
const versionQuery = z.object({ version: z.string().max(100).optional() });

/** `marketplace…`: what can be installed. */
export function marketplaceRoutes(app: FastifyInstance, identity: Identity, marketplace: Marketplace): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["marketplace"];

  typed.route({
    method: "GET",
    url: "/marketplace",
    schema: {
      summary: "Search the marketplace",
      tags,
      querystring: z.object({
        q: z.string().max(500).optional().meta({ description: "words that all have to occur" }),
        category: z.string().max(100).optional(),
        vendor: z.string().max(100).optional(),
        kind: z.enum(["container", "product", "resources"]).optional(),
        deprecated: z.enum(["0", "1"]).optional().meta({ description: "1 shows deprecated entries too" }),
      }),
      response: {
        200: z.object({
          items: z.array(summarySchema),
          problems: z.array(z.string()).meta({ description: "what could not be read; one sentence each" }),
        }),
        ...problemResponse,
      },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      const { q: text, deprecated, ...query } = request.query;
      const { entries, problems } = await marketplace.search({
        ...query,
        text,
        deprecated: deprecated === "1",
      });
      return { items: entries, problems };
    },
  });

  typed.route({
    method: "GET",
    url: "/marketplace/:name",
    schema: {
      summary: "One entry: description, read-me, changes, versions",
      tags,
      params: nameParams,
      querystring: versionQuery,
      response: {
        200: summarySchema.extend({
          author: z.string().nullable(),
          license: z.string().nullable(),
          manifestDigest: z.string(),
          versions: z.array(z.string()),
          readme: z.string().nullable(),
          changelog: z.string().nullable(),
          manifest: z.record(z.string(), z.unknown()).meta({ description: "plugin.json" }),
        }),
        ...problemResponse,
      },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      const { name } = request.params;
      const { origin, found } = await marketplace.entry(name, request.query.version);
      const { file, unknown: _unknown, image: _image, ...entry } = found.entry;
      return {
        ...entry,
        origin,
        manifestDigest: found.manifestDigest,
        versions: await marketplace.versions(entry.name),
        readme: await found.readme(),
        changelog: await found.changelog(),
        manifest: file as Record<string, unknown>,
      };
    },
  });

  app.route({
    method: "GET",
    url: "/marketplace/:name/files/*",
    schema: {
      summary: "A file of an entry, such as its icon",
      tags,
      params: nameParams.extend({ "*": z.string().max(1000) }),
      querystring: versionQuery,
      response: streamResponse("application/octet-stream", "The file"),
    },
    async handler(request, reply) {
      await identity.authorize(request, "read");
      const { name, "*": path } = request.params as { name: string; "*": string };
      const { version } = request.query as z.output<typeof versionQuery>;
      const { found } = await marketplace.entry(name, version);
      // Written by anybody: a browser must neither run it nor guess what it is.
      return reply
        .type("application/octet-stream")
        .header("content-disposition", "attachment")
        .send(Buffer.from(await found.asset(path)));
    },
  });
}
