import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Permission } from "../../../core/permissions.ts";
import { listOf, noContent, permissionSchema, problemResponse, slugSchema } from "../../http/schemas.ts";
import { deleteRole, getCustomRole, getRole, insertRole, listRoles, updateRole } from "../custom-roles.ts";
import { type RouteContext, typed } from "./context.ts";
import { assertCovers } from "./guards.ts";

const permissionsSchema = z
  .array(permissionSchema)
  .min(1)
  .transform((permissions) => [...new Set(permissions)]);
const roleSchema = z.object({
  id: z.string(),
  description: z.string(),
  permissions: z.array(permissionSchema).readonly(),
  builtIn: z.boolean(),
});
const paramsSchema = z.object({ id: slugSchema });
const descriptionSchema = z.string().trim().max(500);

const serverWide = (permissions: readonly Permission[]) =>
  permissions.map((permission) => ({ permission, provider: null }));

export function roleRoutes(app: FastifyInstance, { frame, db, apply, now }: RouteContext): void {
  const { identity } = frame;
  const tags = ["roles"];

  typed(app).route({
    method: "GET",
    url: "/roles",
    schema: { summary: "List roles", tags, response: { 200: listOf(roleSchema), ...problemResponse } },
    async handler(request) {
      await identity.authorize(request, "read");
      return { items: await listRoles(db) };
    },
  });

  typed(app).route({
    method: "POST",
    url: "/roles",
    schema: {
      summary: "Create a role",
      tags,
      body: z.object({
        id: slugSchema,
        description: descriptionSchema.default(""),
        permissions: permissionsSchema,
      }),
      response: { 201: roleSchema, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "users");
      const { id, ...content } = request.body;
      const attempt = { action: "role.create", resource: `role:${id}` };
      await assertCovers(identity, request, attempt, serverWide(content.permissions));
      const role = await apply(request, { actor, ...attempt, detail: content }, async (trx) => {
        await insertRole(trx, id, content, now());
        return getRole(trx, id);
      });
      return reply.code(201).send(role);
    },
  });

  typed(app).route({
    method: "GET",
    url: "/roles/:id",
    schema: {
      summary: "Show a role",
      tags,
      params: paramsSchema,
      response: { 200: roleSchema, ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return getRole(db, request.params.id);
    },
  });

  typed(app).route({
    method: "PATCH",
    url: "/roles/:id",
    schema: {
      summary: "Change a role; everybody who has it is affected at once",
      tags,
      params: paramsSchema,
      body: z.object({
        description: descriptionSchema.optional(),
        permissions: permissionsSchema.optional(),
      }),
      response: { 200: roleSchema, ...problemResponse },
    },
    async handler(request) {
      const actor = await identity.authorize(request, "users");
      const { id } = request.params;
      const before = await getCustomRole(db, id);
      const content = {
        description: request.body.description ?? before.description,
        permissions: request.body.permissions ?? before.permissions,
      };
      const attempt = { action: "role.update", resource: `role:${id}` };
      await assertCovers(
        identity,
        request,
        attempt,
        serverWide([...before.permissions, ...content.permissions]),
      );
      return apply(request, { actor, ...attempt, detail: content }, async (trx) => {
        await updateRole(trx, id, content);
        return getRole(trx, id);
      });
    },
  });

  typed(app).route({
    method: "DELETE",
    url: "/roles/:id",
    schema: {
      summary: "Remove a role, from everybody who has it too",
      tags,
      params: paramsSchema,
      response: { 204: noContent, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "users");
      const { id } = request.params;
      const { permissions } = await getCustomRole(db, id);
      const attempt = { action: "role.delete", resource: `role:${id}` };
      await assertCovers(identity, request, attempt, serverWide(permissions));
      await apply(request, { actor, ...attempt }, (trx) => deleteRole(trx, id));
      return reply.code(204).send(null);
    },
  });
}
