import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  listOf,
  loginSchema,
  nameSchema,
  noContent,
  passwordSchema,
  problemResponse,
  slugSchema,
  timeSchema,
} from "../../http/schemas.ts";
import { getRole } from "../custom-roles.ts";
import type { Grant } from "../rights.ts";
import { addMembership, deleteUser, getUser, insertUser, listUsers, updateUser } from "../users.ts";
import { type RouteContext, typed } from "./context.ts";
import { assertCovers, assertOutranks, hasAnywhere } from "./guards.ts";

const membershipSchema = z.object({ role: slugSchema, provider: slugSchema.nullable() });
export const userSchema = z.object({
  login: z.string(),
  name: z.string().nullable(),
  state: z.enum(["active", "disabled"]),
  roles: z.array(membershipSchema),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  lastLoginAt: timeSchema.nullable(),
});
const paramsSchema = z.object({ login: loginSchema });
const newMembershipSchema = z.object({ role: slugSchema, provider: slugSchema.nullish() });

export function userRoutes(app: FastifyInstance, { frame, db, apply, now }: RouteContext): void {
  const { identity, makePasswordSecrets } = frame;
  const tags = ["users"];

  /** Somebody who manages users somewhere, or the user in question. */
  async function assertMayRead(request: FastifyRequest, login?: string): Promise<void> {
    const caller = await identity.caller(request);
    if (caller.principal.login === login || hasAnywhere(caller, "users")) return;
    await identity.authorize(request, "users");
  }

  async function grantsOf(roles: readonly z.infer<typeof newMembershipSchema>[]): Promise<Grant[]> {
    const grants = roles.map(async ({ role, provider = null }) =>
      (await getRole(db, role)).permissions.map((permission) => ({ permission, provider })),
    );
    return (await Promise.all(grants)).flat();
  }

  typed(app).route({
    method: "GET",
    url: "/users",
    schema: { summary: "List users", tags, response: { 200: listOf(userSchema), ...problemResponse } },
    async handler(request) {
      await assertMayRead(request);
      return { items: await listUsers(db) };
    },
  });

  typed(app).route({
    method: "POST",
    url: "/users",
    schema: {
      summary: "Create a user",
      tags,
      body: z.object({
        login: loginSchema,
        name: nameSchema.optional(),
        password: passwordSchema,
        roles: z.array(newMembershipSchema).max(100).default([]),
      }),
      response: { 201: userSchema, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "users");
      const { login, name, password, roles } = request.body;
      const attempt = { action: "user.create", resource: `user:${login}` };
      await assertCovers(identity, request, attempt, await grantsOf(roles));
      const secrets = await makePasswordSecrets(password);
      const detail = { roles };
      const user = await apply(request, { actor, ...attempt, detail }, async (trx) => {
        const userId = await insertUser(trx, { login, name, password: secrets }, now());
        for (const { role, provider = null } of roles) await addMembership(trx, { userId, role, provider });
        return getUser(trx, login);
      });
      return reply.code(201).send(user);
    },
  });

  typed(app).route({
    method: "GET",
    url: "/users/:login",
    schema: {
      summary: "Show a user",
      tags,
      params: paramsSchema,
      response: { 200: userSchema, ...problemResponse },
    },
    async handler(request) {
      await assertMayRead(request, request.params.login);
      return getUser(db, request.params.login);
    },
  });

  typed(app).route({
    method: "PATCH",
    url: "/users/:login",
    schema: {
      summary: "Change a user's name, password or state",
      description:
        "One's own name and password by everybody, but not with a token; the rest needs the permission `users`, " +
        "and no rights less than that user has. A new password ends all sessions of the user.",
      tags,
      params: paramsSchema,
      body: z
        .object({
          name: nameSchema.nullable().optional(),
          password: passwordSchema.optional(),
          state: z.enum(["active", "disabled"]).optional(),
        })
        .refine((change) => Object.values(change).some((value) => value !== undefined), "nothing to change"),
      response: { 200: userSchema, ...problemResponse },
    },
    async handler(request) {
      const { principal } = await identity.caller(request);
      const { login } = request.params;
      const { password, ...change } = request.body;
      const attempt = { action: "user.update", resource: `user:${login}` };
      const isOwn = principal.login === login && principal.tokenId === null && change.state === undefined;
      if (!isOwn) await identity.authorize(request, "users");
      const { id: userId } = await getUser(db, login);
      if (!isOwn) await assertOutranks(identity, request, attempt, { db, userId });
      const secrets = password === undefined ? undefined : await makePasswordSecrets(password);
      const detail = { ...change, ...(password === undefined ? {} : { passwordChanged: true }) };
      return apply(request, { actor: principal, ...attempt, detail }, async (trx) => {
        await updateUser(trx, userId, { ...change, password: secrets }, now());
        return getUser(trx, login);
      });
    },
  });

  typed(app).route({
    method: "DELETE",
    url: "/users/:login",
    schema: {
      summary: "Remove a user with all tokens and roles",
      tags,
      params: paramsSchema,
      response: { 204: noContent, ...problemResponse },
    },
    async handler(request, reply) {
      const actor = await identity.authorize(request, "users");
      const { login } = request.params;
      const attempt = { action: "user.delete", resource: `user:${login}` };
      const { id: userId } = await getUser(db, login);
      await assertOutranks(identity, request, attempt, { db, userId });
      await apply(request, { actor, ...attempt }, (trx) => deleteUser(trx, userId));
      return reply.code(204).send(null);
    },
  });
}
