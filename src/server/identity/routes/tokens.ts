import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  listOf,
  loginSchema,
  noContent,
  permissionSchema,
  problemResponse,
  timeSchema,
} from "../../http/schemas.ts";
import { type Caller, loadRoles } from "../authenticator.ts";
import { EVERYTHING, effectiveGrants, resourcesCover } from "../rights.ts";
import { getToken, insertToken, listTokens, revokeToken, type TokenRecord } from "../tokens.ts";
import { getUser, type UserRecord } from "../users.ts";
import { type RouteContext, typed } from "./context.ts";
import { type Attempt, assertCovers, hasAnywhere } from "./guards.ts";

const DAY_MS = 86_400_000;

const tokenSchema = z.object({
  id: z.string(),
  user: z.string(),
  note: z.string().nullable(),
  scopes: z.array(permissionSchema),
  resources: z.array(z.string()),
  createdAt: timeSchema,
  createdBy: z.string(),
  expiresAt: timeSchema,
  lastUsedAt: timeSchema.nullable(),
  lastUsedIp: z.string().nullable(),
  state: z.enum(["active", "expired", "revoked"]),
});
const resourceSchema = z
  .string()
  .max(300)
  .regex(
    /^(?:\*|provider:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|plugin:[a-z0-9@~*/._-]+)$/,
    "*, provider:<id> or plugin:<glob>",
  );
const newTokenSchema = z.object({
  note: z.string().trim().max(200).optional(),
  scopes: z
    .array(permissionSchema)
    .min(1)
    .transform((scopes) => [...new Set(scopes)]),
  resources: z
    .array(resourceSchema)
    .max(100)
    .default([EVERYTHING])
    .meta({ description: "what the token reaches; everything that its user may when left out" }),
  expiresInDays: z.int().min(1).max(365).default(90),
  user: loginSchema.optional().meta({ description: "for somebody else" }),
});

export function tokenRoutes(app: FastifyInstance, { frame, db, apply, now }: RouteContext): void {
  const { identity } = frame;
  const tags = ["tokens"];

  /** Own tokens, those of all users, or (an owner of providers) those of their members. */
  async function mayManage(caller: Caller, user: Pick<UserRecord, "login" | "roles">): Promise<boolean> {
    if (caller.principal.login === user.login) return true;
    if (await identity.allows(caller.principal, "users")) return true;
    const checks = user.roles.map(
      ({ provider }) => provider !== null && identity.allows(caller.principal, "users", { provider }),
    );
    return user.roles.length > 0 && (await Promise.all(checks)).every(Boolean);
  }

  async function assertMayManage(request: FastifyRequest, user: UserRecord, attempt: Attempt): Promise<void> {
    const caller = await identity.caller(request);
    if (await mayManage(caller, user)) return;
    throw await identity.deny(request, {
      actor: caller.principal,
      ...attempt,
      code: "scope_missing",
      detail: `${caller.principal.login} does not manage the tokens of ${user.login}`,
    });
  }

  /** Nobody mints more than they have: neither more rights, nor a wider reach or a longer life than their own token. */
  async function assertWithinOwn(
    request: FastifyRequest,
    wanted: z.infer<typeof newTokenSchema>,
    userId: string,
    attempt: Attempt,
  ): Promise<void> {
    const { principal, rights } = await identity.caller(request);
    const own = principal.userId === userId ? rights.grants : (await loadRoles(db, userId)).grants;
    const granted = effectiveGrants({ grants: own, limits: wanted });
    const useless = wanted.scopes.filter((scope) => !granted.some((grant) => grant.permission === scope));
    const reach = rights.limits?.resources ?? [EVERYTHING];
    const tooWide = !resourcesCover(reach, wanted.resources);
    const tooMuch =
      rights.limits !== null && wanted.scopes.some((scope) => !rights.limits?.scopes.includes(scope));
    if (useless.length > 0 || tooWide || tooMuch) {
      const detail =
        useless.length > 0
          ? `${wanted.user ?? principal.login} lacks the permission ${useless.join(", ")} there, and a token has no more than its user`
          : "a token cannot mint one that may do more than itself";
      throw await identity.deny(request, {
        actor: principal,
        ...attempt,
        code: "exceeds_own_rights",
        detail,
      });
    }
    if (principal.userId !== userId) await assertCovers(identity, request, attempt, granted);
  }

  typed(app).route({
    method: "GET",
    url: "/tokens",
    schema: {
      summary: "List tokens: one's own, or those of a user",
      tags,
      querystring: z.object({
        user: z
          .union([loginSchema, z.literal("*")])
          .optional()
          .meta({ description: "a login, or * for all that one manages" }),
      }),
      response: { 200: listOf(tokenSchema), ...problemResponse },
    },
    async handler(request) {
      const caller = await identity.caller(request);
      const login = request.query.user ?? caller.principal.login;
      if (login === "*") {
        if (!hasAnywhere(caller, "users")) await identity.authorize(request, "users");
        return { items: await manageableTokens(caller) };
      }
      const user = await getUser(db, login);
      await assertMayManage(request, user, { action: "token.list", resource: `user:${login}` });
      return { items: await listTokens(db, now(), user.id) };
    },
  });

  async function manageableTokens(caller: Caller): Promise<TokenRecord[]> {
    const tokens = await listTokens(db, now());
    const managed = new Map<string, boolean>();
    for (const login of new Set(tokens.map((token) => token.user))) {
      managed.set(login, await mayManage(caller, await getUser(db, login)));
    }
    return tokens.filter((token) => managed.get(token.user));
  }

  typed(app).route({
    method: "POST",
    url: "/tokens",
    schema: {
      summary: "Create a token; it is shown this once",
      description:
        "It may do what its user may, narrowed to its scopes and resources, and never more than its maker.",
      tags,
      body: newTokenSchema,
      response: { 201: tokenSchema.extend({ token: z.string() }), ...problemResponse },
    },
    async handler(request, reply) {
      const { principal, rights, expiresAt } = await identity.caller(request);
      const { note, scopes, resources, expiresInDays } = request.body;
      const user = await getUser(db, request.body.user ?? principal.login);
      const attempt = { action: "token.create", resource: `user:${user.login}` };
      await assertMayManage(request, user, attempt);
      await assertWithinOwn(request, request.body, user.id, attempt);
      const at = now();
      const wantedEnd = at.getTime() + expiresInDays * DAY_MS;
      const latestEnd = rights.limits === null || expiresAt === null ? wantedEnd : Date.parse(expiresAt);
      const wanted = {
        userId: user.id,
        note,
        scopes,
        resources,
        createdBy: principal.login,
        expiresAt: new Date(Math.min(wantedEnd, latestEnd)),
      };
      const detail = { scopes, resources, expiresAt: wanted.expiresAt.toISOString() };
      const created = await apply(request, { actor: principal, ...attempt, detail }, async (trx) => {
        const { id, token } = await insertToken(trx, wanted, at);
        return { ...(await getToken(trx, at, id)), token };
      });
      return reply.code(201).header("cache-control", "no-store").send(created);
    },
  });

  typed(app).route({
    method: "DELETE",
    url: "/tokens/:id",
    schema: {
      summary: "Revoke a token",
      tags,
      params: z.object({ id: z.string().regex(/^[0-9A-Za-z]{8}$/, "must be the 8 characters after plc_") }),
      response: { 204: noContent, ...problemResponse },
    },
    async handler(request, reply) {
      const { principal } = await identity.caller(request);
      const { id } = request.params;
      const token = await getToken(db, now(), id);
      const attempt = { action: "token.revoke", resource: `token:${id}` };
      await assertMayManage(request, await getUser(db, token.user), attempt);
      const detail = { user: token.user };
      await apply(request, { actor: principal, ...attempt, detail }, (trx) => revokeToken(trx, id, now()));
      return reply.code(204).send(null);
    },
  });
}
