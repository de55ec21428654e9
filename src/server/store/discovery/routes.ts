import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import { z } from "zod";
import { baseUrl } from "../../http/base-url.ts";
import { isNoneMatch } from "../../http/conditional.ts";
import { Problem } from "../../http/problem.ts";
import { ANONYMOUS } from "../../http/schemas.ts";
import { acceptedCodings } from "../http-cache.ts";
import { MAIN_FEED } from "../tables.ts";
import type { Discovery } from "./discovery.ts";
import { DISCOVERY_CORS, SHAPES } from "./document.ts";

const DOCUMENT = "harmonix.json";
const JSON_TYPE = "application/json";
const OFFERED_TYPES = [JSON_TYPE, "application/vnd.plugctl.harmonix+json"];

const NO_STORE = { ...DISCOVERY_CORS, "Cache-Control": "no-store" } as const;
const PREFLIGHT = {
  ...DISCOVERY_CORS,
  "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
  "Access-Control-Allow-Headers": "If-None-Match",
  "Access-Control-Max-Age": "7200",
} as const;

const querySchema = z.object({ shape: z.enum(SHAPES).default("list") });

/** What an app fetches at its start (discovery-store spec, sections 2.1, 2.2 and 2.7). */
export function discoveryRoutes(
  app: FastifyInstance,
  discovery: Discovery,
  publicUrl: string | undefined,
): void {
  function answer(request: FastifyRequest, reply: FastifyReply, type: string): FastifyReply {
    const query = querySchema.safeParse(request.query);
    if (!query.success) {
      throw new Problem(400, "bad_request", `shape is one of ${SHAPES.join(", ")}`, { headers: NO_STORE });
    }
    const document = discovery.document(query.data.shape, baseUrl(request, publicUrl));
    const { headers } = request.raw;
    const form = document.form(acceptedCodings(headers["accept-encoding"] as string | undefined));
    if (form === undefined) {
      throw new Problem(406, "format_not_available", "no coding that Accept-Encoding allows is available", {
        headers: NO_STORE,
        extra: { offered: ["identity"] },
      });
    }
    const isKnown = isNoneMatch(headers["if-none-match"], document.etagBase);
    reply.hijack();
    if (isKnown) reply.raw.writeHead(304, document.validators(form.coding)).end();
    else {
      reply.raw.writeHead(200, { ...form.headers, "Content-Type": type });
      reply.raw.end(request.method === "HEAD" ? undefined : form.body);
    }
    return reply;
  }

  app.get<{ Params: { feed: string } }>(
    "/discovery/:feed",
    {
      exposeHeadRoute: true,
      schema: { tags: ["discovery"], security: ANONYMOUS, summary: "The plugins of a feed, by Accept" },
    },
    async (request, reply) => {
      checkFeed(request.params.feed);
      return answer(request, reply, negotiateType(request.headers.accept));
    },
  );

  app.get<{ Params: { feed: string; document: string } }>(
    "/discovery/:feed/:document",
    {
      exposeHeadRoute: true,
      schema: { tags: ["discovery"], security: ANONYMOUS, summary: "The plugins of a feed, in one format" },
    },
    async (request, reply) => {
      checkFeed(request.params.feed);
      if (request.params.document !== DOCUMENT) {
        throw new Problem(404, "not_found", `a feed has no ${request.params.document}; it has ${DOCUMENT}`, {
          headers: NO_STORE,
        });
      }
      return answer(request, reply, JSON_TYPE);
    },
  );

  app.options("/discovery/*", { schema: { hide: true } }, async (_request, reply) =>
    reply.code(204).headers(PREFLIGHT).send(),
  );
}

function checkFeed(feed: string): void {
  if (feed === MAIN_FEED) return;
  throw new Problem(404, "feed_not_found", `there is no feed ${feed}`, { headers: NO_STORE });
}

function negotiateType(accept: string | undefined): string {
  if (accept === undefined || accept === "*/*") return JSON_TYPE;
  const type = new Negotiator({ headers: { accept } }).mediaType(OFFERED_TYPES);
  if (type !== undefined) return type;
  throw new Problem(406, "format_not_available", `the feed is offered as ${OFFERED_TYPES.join(", ")}`, {
    headers: { ...NO_STORE, Vary: "Accept" },
    extra: { offered: OFFERED_TYPES },
  });
}
