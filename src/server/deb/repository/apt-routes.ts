import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { baseUrl } from "../../http/base-url.ts";
import { isNotModified, wantedRange } from "../../http/conditional.ts";
import { Problem } from "../../http/problem.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { AptRepository } from "./apt-repository.ts";
import type { Generation, IndexFile } from "./generation.ts";
import { sourcesText } from "./sources-text.ts";

const expand = promisify(gunzip);

const TEXT = "text/plain; charset=utf-8";
/** Names that stand for the newest state: asked for anew each time. */
const CHANGING = "no-cache";
const IMMUTABLE = "public, max-age=31536000, immutable";
const DIGEST = /^[0-9a-f]{64}$/;

export interface AptRouteParts {
  repository: AptRepository;
  blobs: BlobStore;
  publicUrl: string | undefined;
}

/** `/apt`: what APT fetches, readable by everybody. Signatures vouch for it, so it needs no login and no TLS. */
export function aptRoutes(app: FastifyInstance, { repository, blobs, publicUrl }: AptRouteParts): void {
  const get = (path: string, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
    app.route({ method: ["GET", "HEAD"], url: `/apt${path}`, schema: { hide: true }, handler });

  get("/key.asc", async (_request, reply) => {
    const { armored } = await repository.key();
    return reply.type("application/pgp-keys").header("cache-control", CHANGING).send(armored);
  });

  get("/plugctl.sources", async (request, reply) => {
    const { channel = "main" } = request.query as { channel?: string };
    if (repository.channel(channel) === undefined) throw absent();
    const { armored } = await repository.key();
    const url = `${baseUrl(request, publicUrl)}/apt`;
    return reply.type(TEXT).header("cache-control", CHANGING).send(sourcesText({ url, channel, armored }));
  });

  get("/dists/:channel/:file", async (request, reply) => {
    const { channel, file } = request.params as { channel: string; file: string };
    const state = repository.channel(channel);
    const content = state && releaseFile(state.generation, file);
    if (state === undefined || content === undefined) throw absent();
    const lastModified = state.generation.releasedAt.toUTCString();
    const validators = { etagBase: createHash("sha256").update(content).digest("hex"), lastModified };
    reply.headers({
      "cache-control": CHANGING,
      etag: `"${validators.etagBase}"`,
      "last-modified": lastModified,
    });
    const byDate = request.headers["if-none-match"] === undefined;
    if (!(byDate && state.sharesDate) && isNotModified(request.headers, validators))
      return reply.code(304).send();
    return reply.type(file === "Release.gpg" ? "application/pgp-signature" : TEXT).send(content);
  });

  get("/dists/:channel/main/:folder/:file", async (request, reply) => {
    const { channel, folder, file } = request.params as { channel: string; folder: string; file: string };
    const architecture = /^binary-(.+)$/.exec(folder)?.[1] ?? "";
    const index = repository.channel(channel)?.generation.indexes.get(architecture);
    if (index === undefined || (file !== "Packages" && file !== "Packages.gz")) throw absent();
    return sendIndex(request, reply, index, { compressed: file === "Packages.gz", caching: CHANGING });
  });

  get("/dists/:channel/main/:folder/by-hash/SHA256/:digest", async (request, reply) => {
    const { digest } = request.params as { digest: string };
    const index = DIGEST.test(digest) ? await repository.index(digest) : undefined;
    if (index === undefined) throw absent();
    return sendIndex(request, reply, index, { compressed: index.gzipSha256 === digest, caching: IMMUTABLE });
  });

  get("/pool/:digest/:name", async (request, reply) => {
    const { digest, name } = request.params as { digest: string; name: string };
    const file = DIGEST.test(digest) ? await repository.poolFile(digest) : undefined;
    if (file === undefined || file.name !== name) throw absent();
    const etag = `"${digest}"`;
    const size = file.sizeBytes;
    // Without a date: the address itself never changes its content.
    const validators = { etagBase: digest, etag, size };
    reply.headers({ "cache-control": IMMUTABLE, etag, "accept-ranges": "bytes" });
    if (isNotModified(request.headers, validators)) return reply.code(304).send();
    const range = request.method === "GET" ? wantedRange(request.headers, validators) : undefined;
    if (range === "unsatisfiable") {
      throw new Problem(
        416,
        "range_not_satisfiable",
        "the file is shorter than the range that was asked for",
        {
          headers: { "content-range": `bytes */${size}` },
        },
      );
    }
    const part = range ?? { start: 0, end: size - 1 };
    reply.type("application/vnd.debian.binary-package").header("content-length", part.end - part.start + 1);
    if (range !== undefined) {
      reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${size}`);
    }
    if (request.method === "HEAD") return reply.send();
    const body = await blobs.open(digest, range);
    reply.hijack();
    reply.raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string | number>);
    // A client that leaves halfway is no failure of the server's.
    await pipeline(body, reply.raw).catch(() => {});
    return reply;
  });
}

const absent = () =>
  new Problem(404, "not_found", "the repository has no such file", {
    headers: { "cache-control": "no-store" },
  });

function releaseFile(generation: Generation, file: string): string | undefined {
  switch (file) {
    case "InRelease":
      return generation.inRelease;
    case "Release":
      return generation.release;
    case "Release.gpg":
      return generation.signature;
    default:
      return undefined;
  }
}

async function sendIndex(
  request: FastifyRequest,
  reply: FastifyReply,
  index: IndexFile,
  { compressed, caching }: { compressed: boolean; caching: string },
): Promise<unknown> {
  const etagBase = compressed ? index.gzipSha256 : index.sha256;
  reply.headers({ "cache-control": caching, etag: `"${etagBase}"` });
  if (isNotModified(request.headers, { etagBase })) return reply.code(304).send();
  // The compressed file is a file of its own here, no coding of the other.
  return compressed
    ? reply.type("application/gzip").send(index.gzip)
    : reply.type(TEXT).send(await expand(index.gzip));
}
