import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import { ANONYMOUS, noContent, problemResponse } from "../../http/schemas.ts";
import { type RouteContext, typed } from "./context.ts";

const sessionSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  tokenType: z.literal("Bearer"),
  expiresIn: z.int().meta({ description: "seconds" }),
});
const refreshSchema = z.object({ refreshToken: z.string().max(200) });

export function authRoutes(app: FastifyInstance, { frame, db }: RouteContext): void {
  const { sessions, context } = frame;
  const { logins } = context;
  const anonymous = { tags: ["login"], security: ANONYMOUS };

  typed(app).route({
    method: "POST",
    url: "/auth/login",
    schema: {
      ...anonymous,
      summary: "Log in with a password",
      body: z.object({ login: z.string().max(200), password: z.string().max(1024) }),
      response: { 200: sessionSchema, ...problemResponse },
    },
    handler: (request) => logins.withPassword(request, request.body),
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
    handler: (request) => logins.refresh(request, request.body.refreshToken),
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
