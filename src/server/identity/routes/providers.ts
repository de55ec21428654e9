import type { FastifyInstance } from "fastify";
import { z } from "zod";
import {
  listOf,
  nameSchema,
  noContent,
  problemResponse,
  slugSchema,
  timeSchema,
} from "../../http/schemas.ts";
import { deleteProvider, getProvider, insertProvider, listProviders, renameProvider } from "../providers.ts";
import { type RouteContext, typed } from "./context.ts";

const providerSchema = z.object({ id: z.string(), name: z.string().nullable(), createdAt: timeSchema });
const paramsSchema = z.object({ id: slugSchema });

export function providerRoutes(app: FastifyInstance, { frame, db, apply, now }: RouteContext): void {
  const { identity } = frame;
  const tags = ["providers"];

  typed(app).route({
    method: "GET",
    url: "/providers",
    schema: {
      summary: "List providers",
      tags,
      response: { 200: listOf(providerSchema), ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return { items: await listProviders(db) };
    },
  });

  typed(app).route({
    method: "POST",
    url: "/providers",
    schema: {
      summary: "Create a provider: an owner of plugins",
      tags,
      body: z.object({ id: slugSchema, name: nameSchema.optional() }),
      response: { 201: providerSchema, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "users");
      const { id, name } = request.body;
      const change = { actor, action: "provider.create", resource: `provider:${id}`, provider: id };
      const provider = await apply(request, change, async (trx) => {
        await insertProvider(trx, { id, name }, now());
        return getProvider(trx, id);
      });
      return reply.code(201).send(provider);
    },
  });

  typed(app).route({
    method: "GET",
    url: "/providers/:id",
    schema: {
      summary: "Show a provider",
      tags,
      params: paramsSchema,
      response: { 200: providerSchema, ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return getProvider(db, request.params.id);
    },
  });

  typed(app).route({
    method: "PATCH",
    url: "/providers/:id",
    schema: {
      summary: "Change a provider's display name",
      tags,
      params: paramsSchema,
      body: z.object({ name: nameSchema.nullable() }),
      response: { 200: providerSchema, ...problemResponse },
    },
    async handler(request) {
      const { id } = request.params;
      const actor = await identity.authorize(request, "users", { provider: id });
      const { name } = request.body;
      await getProvider(db, id);
      const change = {
        actor,
        action: "provider.update",
        resource: `provider:${id}`,
        provider: id,
        detail: { name },
      };
      return apply(request, change, async (trx) => {
        await renameProvider(trx, id, name);
        return getProvider(trx, id);
      });
    },
  });

  typed(app).route({
    method: "DELETE",
    url: "/providers/:id",
    schema: {
      summary: "Remove a provider that owns no plugin",
      tags,
      params: paramsSchema,
      response: { 204: noContent, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "users");
      const { id } = request.params;
      await getProvider(db, id);
      const change = { actor, action: "provider.delete", resource: `provider:${id}`, provider: id };
      await apply(request, change, (trx) => deleteProvider(trx, id));
      return reply.code(204).send(null);
    },
  });
}
