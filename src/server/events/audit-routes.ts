import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Frame } from "../frame.ts";
import { listOf, problemResponse, timeSchema } from "../http/schemas.ts";

const recordSchema = z.object({
  seq: z.int(),
  at: timeSchema,
  actor: z.string(),
  tokenId: z.string().nullable(),
  action: z.string(),
  resource: z.string(),
  provider: z.string().nullable(),
  outcome: z.string(),
  ip: z.string().nullable(),
  requestId: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
  hash: z.string(),
});
const textSchema = z.string().min(1).max(300).optional();
const dateSchema = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .optional();
const querySchema = z.object({
  actor: textSchema,
  action: textSchema.meta({ description: "exact, or a prefix that ends in a dot" }),
  resource: textSchema,
  outcome: z.enum(["ok", "denied", "failed"]).optional(),
  since: dateSchema,
  until: dateSchema,
  before: z.coerce.number().int().min(1).optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export function auditRoutes(app: FastifyInstance, { identity, context: { audit } }: Frame): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["audit"];

  /** Undefined for who may read everything, otherwise the providers whose rows the caller may read. */
  async function readableProviders(request: FastifyRequest): Promise<string[] | undefined> {
    const caller = await identity.require(request);
    if (await identity.allows(caller, "audit")) return undefined;
    const providers = await identity.providersFor(caller, "audit");
    if (providers.length === 0) await identity.authorize(request, "audit");
    return providers;
  }

  typed.route({
    method: "GET",
    url: "/audit",
    schema: {
      summary: "Read the audit log, newest first",
      description: "Whoever has the permission `audit` in a provider only sees what concerns that provider.",
      tags,
      querystring: querySchema,
      response: { 200: listOf(recordSchema).extend({ next: z.int().nullable() }), ...problemResponse },
    },
    async handler(request) {
      const providers = await readableProviders(request);
      const items = await audit.query({ ...request.query, providers });
      const isFull = items.length === request.query.limit;
      return { items, next: isFull ? (items.at(-1)?.seq ?? null) : null };
    },
  });

  typed.route({
    method: "GET",
    url: "/audit/verify",
    schema: {
      summary: "Check that no row of the audit log was altered or removed",
      tags,
      response: {
        200: z.object({ ok: z.boolean(), rows: z.int(), brokenAt: z.int().nullable() }),
        ...problemResponse,
      },
    },
    async handler(request) {
      await identity.authorize(request, "audit");
      return audit.verify();
    },
  });
}
