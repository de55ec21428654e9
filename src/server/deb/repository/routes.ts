import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { baseUrl } from "../../http/base-url.ts";
import { originOf } from "../../http/origin.ts";
import { listOf, problemResponse, timeSchema } from "../../http/schemas.ts";
import type { ServerContext } from "../../module.ts";
import type { AptRepository } from "./apt-repository.ts";
import { aptRoutes } from "./apt-routes.ts";

const packageSchema = z.object({
  package: z.string(),
  version: z.string(),
  architecture: z.string(),
  channel: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  publishedAt: timeSchema,
});

const pruneSchema = z.object({
  keep: z.int().min(1).max(1000).meta({ description: "newest versions of each package that stay" }),
  channel: z.string().max(100).optional().meta({ description: "default: every channel" }),
  dryRun: z.boolean().default(false),
});

export interface RepositoryRouteParts {
  context: Pick<ServerContext, "identity" | "audit" | "blobs" | "publicUrl">;
  repository: AptRepository;
}

/** `/apt/…` for APT, `/api/v1/deb/repository/…` for whoever looks after it. */
export function repositoryRoutes(app: FastifyInstance, { context, repository }: RepositoryRouteParts): void {
  const { identity, audit, blobs, publicUrl } = context;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const prefix = "/api/v1/deb/repository";
  const tags = ["deb"];
  aptRoutes(app, { repository, blobs, publicUrl });

  typed.route({
    method: "GET",
    url: `${prefix}/packages`,
    schema: {
      summary: "Packages of the APT repository: by channel and name, newest version first",
      tags,
      response: { 200: listOf(packageSchema), ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return { items: await repository.list() };
    },
  });

  typed.route({
    method: "GET",
    url: `${prefix}/key`,
    schema: {
      summary: "The public key that signs the APT repository, and where that is",
      tags,
      response: {
        200: z.object({ fingerprint: z.string(), armored: z.string(), url: z.string() }),
        ...problemResponse,
      },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return { ...(await repository.key()), url: `${baseUrl(request, publicUrl)}/apt` };
    },
  });

  typed.route({
    method: "POST",
    url: `${prefix}/prune`,
    schema: {
      summary: "Take old versions out of the APT repository",
      description: "Clients that have fetched an index before can still get them for an hour.",
      tags,
      body: pruneSchema,
      response: { 200: listOf(packageSchema), ...problemResponse },
    },
    async handler(request) {
      const actor = await identity.authorize(request, "admin");
      const items = await repository.prune(request.body, (removed, transaction) =>
        audit.record(
          {
            actor,
            action: "deb.repository.prune",
            resource: `deb-channel:${removed[0]?.channel}`,
            outcome: "ok",
            ...originOf(request),
            detail: {
              removed: removed.map((item) => `${item.package} ${item.version} ${item.architecture}`),
            },
          },
          transaction,
        ),
      );
      return { items };
    },
  });
}
