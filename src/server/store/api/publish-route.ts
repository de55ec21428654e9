import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AuditLog } from "../../events/audit.ts";
import { baseUrl } from "../../http/base-url.ts";
import { originOf } from "../../http/origin.ts";
import { Problem } from "../../http/problem.ts";
import { problemResponse, slugSchema } from "../../http/schemas.ts";
import { dismissUpload, receiveUpload } from "../../http/upload.ts";
import type { Identity, Principal } from "../../identity/identity.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { cdnPath } from "../catalog/listing.ts";
import { isChannel } from "../manifest/identifiers.ts";
import { statedDigest } from "../publish/digest-header.ts";
import type { Publisher, PublishResult } from "../publish/publisher.ts";
import type { StoreSettings } from "../settings.ts";
import type { HourlyLimit } from "./rate-limit.ts";
import { dryRunSchema, publishResultSchema } from "./schemas.ts";

const MEDIA_TYPES = [
  "application/gzip",
  "application/x-gzip",
  "application/x-tar",
  "application/octet-stream",
];

const querySchema = z.object({
  channel: z
    .string()
    .refine(isChannel, "must be a channel: lower-case letters, digits and -, starting with a letter")
    .optional(),
  dryRun: dryRunSchema,
  provider: slugSchema.optional(),
});

export interface PublishRouteParts {
  identity: Identity;
  audit: AuditLog;
  publisher: Publisher;
  catalog: Catalog;
  publicUrl: string | undefined;
  settings: StoreSettings;
  limit: HourlyLimit | undefined;
}

/** `POST /publish`, and `PUT` for `curl -T`: one request is one version. */
export async function publishRoute(app: FastifyInstance, parts: PublishRouteParts): Promise<void> {
  await app.register(async (scope) => {
    // The handler reads the body itself, after it knows who is sending.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.route({
      method: ["POST", "PUT"],
      url: "/publish",
      schema: {
        tags: ["store"],
        summary: "Publish a version",
        description:
          "The body is a tar archive, gzip'd or not, with a package.json, as `npm pack` makes it. The same content again answers 200.",
        consumes: MEDIA_TYPES,
        querystring: querySchema,
        response: { 200: publishResultSchema, 201: publishResultSchema, ...problemResponse },
      },
      async handler(request, reply) {
        try {
          const query = request.query as z.output<typeof querySchema>;
          const actor = await parts.identity.require(request);
          checkEnvelope(request, parts.settings);
          parts.limit?.take(actor.tokenId ?? actor.userId);
          const result = await publish(request, actor, query, parts);
          const body = toBody(result, baseUrl(request, parts.publicUrl));
          return reply.code(result.status === "published" ? 201 : 200).send(body);
        } finally {
          dismissUpload(request.raw);
        }
      },
    });
  });
}

/** What can be refused before a byte of the body is read. */
function checkEnvelope(request: FastifyRequest, settings: StoreSettings): void {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== undefined && !MEDIA_TYPES.includes(type)) {
    throw new Problem(415, "unsupported_media_type", `${type} is not accepted; send application/gzip`, {
      extra: { accepted: MEDIA_TYPES },
    });
  }
  const { archiveBytes } = settings.archive;
  if (Number(request.headers["content-length"] ?? 0) > archiveBytes) {
    throw new Problem(413, "archive_too_large", `the archive is larger than ${archiveBytes} bytes`);
  }
}

async function publish(
  request: FastifyRequest,
  actor: Principal,
  query: z.output<typeof querySchema>,
  parts: PublishRouteParts,
): Promise<PublishResult> {
  const { identity, audit, publisher, catalog, settings } = parts;
  const { ip, requestId } = originOf(request);
  let resource = "store";
  let provider = query.provider;
  try {
    return await publisher.publish({
      ...query,
      channel: query.channel,
      provider: query.provider,
      source: receiveUpload(request.raw, settings.uploadIdleMs),
      digest: statedDigest(request.headers),
      actor,
      ip,
      requestId,
      rights: {
        mayPublish: (provider, plugin) => identity.allows(actor, "publish", { provider, plugin }),
        providers: () => identity.providersFor(actor, "publish"),
      },
      onCandidate: (candidate) => {
        resource = `plugin:${candidate.plugin}@${candidate.version}`;
        provider = catalog.get(candidate.plugin)?.provider ?? provider;
      },
    });
  } catch (error) {
    if (error instanceof Problem) {
      const outcome = error.status === 403 ? "denied" : "failed";
      const detail = { code: error.code, dryRun: query.dryRun };
      await audit.record({
        actor,
        action: "plugin.publish",
        resource,
        provider,
        outcome,
        ip,
        requestId,
        detail,
      });
    }
    throw error;
  }
}

function toBody(result: PublishResult, origin: string): z.input<typeof publishResultSchema> {
  const { candidate, status, provider, channel } = result;
  const { plugin, version, entry } = candidate;
  return {
    status,
    plugin,
    version,
    provider,
    channel,
    treeSha256: candidate.treeSha256,
    archiveSha256: candidate.archiveSha256,
    sizeBytes: candidate.sizeBytes,
    entry: entry.path,
    entryUrl: `${origin}${cdnPath(plugin, version, entry.path)}`,
    integrity: entry.integrity,
    files: candidate.files.map(({ offset: _, ...file }) => file),
    externals: candidate.externals,
    exports: candidate.exports,
    warnings: candidate.warnings,
  };
}
