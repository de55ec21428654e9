import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import { Problem } from "../../http/problem.ts";
import { ANONYMOUS, noContent, problemResponse } from "../../http/schemas.ts";
import { type RouteContext, typed } from "./context.ts";

const sessionSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  tokenType: z.literal("Bearer"),
  expiresIn: z.int().meta({ description: "seconds" }),
});
const refreshSchema = z.object({ refreshToken: z.string().max(200) });

export function authRoutes(app: FastifyInstance, { frame, db, now }: RouteContext): void {
  const { sessions, passwords, context } = frame;
  const anonymous = { tags: ["login"], security: ANONYMOUS };

  async function refuseLogin(request: FastifyRequest, login: string): Promise<Problem> {
    await context.audit.record({
      actor: null,
      action: "login",
      resource: `user:${login.slice(0, 64)}`,
      outcome: "denied",
      ...originOf(request),
    });
    return new Problem(401, "login_failed", "the login or the password is wrong");
  }

  typed(app).route({
    method: "POST",
    url: "/auth/login",
    schema: {
      ...anonymous,
      summary: "Log in with a password",
      body: z.object({ login: z.string().max(200), password: z.string().max(1024) }),
      response: { 200: sessionSchema, ...problemResponse },
    },
    async handler(request) {
      const { login, password } = request.body;
      const origin = originOf(request);
      const userId = await passwords.check(login, password, origin.ip);
      if (userId === undefined) throw await refuseLogin(request, login);
      return db.transaction().execute(async (trx) => {
        await trx
          .updateTable("user")
          .set({ last_login_at: now().toISOString() })
          .where("id", "=", userId)
          .execute();
        const actor = { userId, login, tokenId: null };
        await context.audit.record(
          { actor, action: "login", resource: `user:${login}`, outcome: "ok", ...origin },
          trx,
        );
        return sessions.begin(trx, userId);
      });
    },
  });

  typed(app).route({
    method: "POST",
    url: "/auth/refresh",
    schema: {
      ...anonymous,
      summary: "Trade a refresh token for new tokens",
      description: "A refresh token is good once; using it again ends the session.",
      body: refreshSchema,
      response: { 200: sessionSchema, ...problemResponse },
    },
    async handler(request) {
      try {
        return await sessions.refresh(request.body.refreshToken);
      } catch (error) {
        await context.audit.record({
          actor: null,
          action: "login.refresh",
          resource: "server",
          outcome: "denied",
          ...originOf(request),
        });
        throw error;
      }
    },
  });

  typed(app).route({
    method: "POST",
    url: "/auth/logout",
    schema: {
      ...anonymous,
      summary: "End a session",
      body: refreshSchema,
      response: { 204: noContent, ...problemResponse },
    },
    async handler(request, reply) {
      const userId = await sessions.end(request.body.refreshToken);
      if (userId !== undefined) {
        const { login } = await db
          .selectFrom("user")
          .select("login")
          .where("id", "=", userId)
          .executeTakeFirstOrThrow();
        const actor = { userId, login, tokenId: null };
        const entry = { actor, action: "logout", resource: `user:${login}`, outcome: "ok" as const };
        await context.audit.record({ ...entry, ...originOf(request) });
      }
      return reply.code(204).send(null);
    },
  });
}
