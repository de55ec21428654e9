import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import { type ByteRange, isNotModified, wantedRange } from "../../http/conditional.ts";
import { Problem } from "../../http/problem.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import { acceptedCodings } from "../http-cache.ts";
import type { StoreSettings } from "../settings.ts";
import type { CdnFile, Representation } from "./cdn-file.ts";
import type { CdnIndex } from "./cdn-index.ts";
import { parseCdnPath } from "./cdn-path.ts";

const PREFIX = "/cdn/";
const CORS = { "Access-Control-Allow-Origin": "*" } as const;
const PREFLIGHT = {
  ...CORS,
  "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
  "Access-Control-Allow-Headers": "Range, If-Range, If-None-Match, If-Modified-Since",
  "Access-Control-Max-Age": "7200",
} as const;

/** Serves the files of all versions, anonymously, at addresses that never change their content. */
export function cdnRoutes(
  app: FastifyInstance,
  index: CdnIndex,
  blobs: BlobStore,
  settings: Pick<StoreSettings, "cacheBytes" | "cacheFileBytes">,
): void {
  const bodies = new LRUCache<string, Buffer>({
    maxSize: settings.cacheBytes,
    sizeCalculation: (body) => Math.max(body.length, 1),
    fetchMethod: (sha256) => blobs.read(sha256),
  });

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const url = request.raw.url ?? "";
    const query = url.indexOf("?");
    const path = url.slice(PREFIX.length, query < 0 ? undefined : query);
    const file = index.cached(path) ?? (await find(path, reply));
    if (file === undefined) return reply;
    const { headers } = request.raw;
    const chosen = choose(file, headers["accept-encoding"]);
    if (isNotModified(headers, file)) {
      reply.hijack();
      reply.raw.writeHead(304, chosen.validators).end();
      return reply;
    }
    const range =
      request.method === "GET"
        ? wantedRange(headers, { ...file.identity, lastModified: file.lastModified })
        : undefined;
    if (range === undefined) return send(request.raw, reply, chosen, 200, chosen.headers);
    if (range === "unsatisfiable") {
      throw new Problem(
        416,
        "range_not_satisfiable",
        "the file is shorter than the range that was asked for",
        {
          headers: { ...CORS, "Content-Range": `bytes */${file.identity.size}`, "Cache-Control": "no-store" },
        },
      );
    }
    const partHeaders = {
      ...file.identity.headers,
      "Content-Range": `bytes ${range.start}-${range.end}/${file.identity.size}`,
      "Content-Length": range.end - range.start + 1,
    };
    return send(request.raw, reply, file.identity, 206, partHeaders, range);
  }

  /** Undefined when a redirect was sent. */
  async function find(path: string, reply: FastifyReply): Promise<CdnFile | undefined> {
    const target = parseCdnPath(path);
    if (target.kind === "redirect") {
      reply.headers({ ...CORS, "Cache-Control": "public, max-age=86400" }).redirect(target.location, 301);
      return undefined;
    }
    const file = target.kind === "file" ? await index.find(path, target) : undefined;
    if (file === "purged") {
      throw new Problem(410, "version_purged", "this version was removed for good", {
        headers: { ...CORS, "Cache-Control": "public, max-age=60" },
      });
    }
    if (file === undefined) {
      throw new Problem(404, "not_found", "there is no such file", {
        headers: { ...CORS, "Cache-Control": "no-store" },
      });
    }
    return file;
  }

  async function send(
    request: IncomingMessage,
    reply: FastifyReply,
    source: Representation,
    status: number,
    headers: Readonly<Record<string, string | number>>,
    range?: ByteRange,
  ): Promise<FastifyReply> {
    const response: ServerResponse = reply.raw;
    if (request.method === "HEAD") {
      reply.hijack();
      response.writeHead(status, headers).end();
    } else if (source.size <= settings.cacheFileBytes) {
      const body = bodies.get(source.sha256) ?? (await readBody(source));
      reply.hijack();
      response.writeHead(status, headers).end(range ? body.subarray(range.start, range.end + 1) : body);
    } else {
      const body = await blobs.open(source.sha256, range);
      reply.hijack();
      response.writeHead(status, headers);
      // A client that leaves halfway is no failure of the server's.
      await pipeline(body, response).catch(() => {});
    }
    return reply;
  }

  async function readBody(source: Representation): Promise<Buffer> {
    const body = await bodies.fetch(source.sha256);
    if (body?.length !== source.size) throw new Error(`blob ${source.sha256} is missing or damaged`);
    return body;
  }

  app.route({ method: ["GET", "HEAD"], url: `${PREFIX}*`, schema: { hide: true }, handler: answer });
  app.route({
    method: "OPTIONS",
    url: `${PREFIX}*`,
    schema: { hide: true },
    handler: async (_request, reply) => reply.code(204).headers(PREFLIGHT).send(),
  });
}

function choose(file: CdnFile, acceptEncoding: string | string[] | undefined): Representation {
  for (const coding of acceptedCodings(acceptEncoding as string | undefined)) {
    const representation = file.codings.get(coding);
    if (representation !== undefined) return representation;
  }
  throw new Problem(406, "format_not_available", "the file exists in no coding that Accept-Encoding allows", {
    headers: { ...CORS, "Cache-Control": "no-store", Vary: "Accept-Encoding" },
    extra: { offered: [...file.codings.keys()] },
  });
}
