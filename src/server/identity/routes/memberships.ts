import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { loginSchema, noContent, problemResponse, slugSchema } from "../../http/schemas.ts";
import type { IdentityDatabase } from "../changes.ts";
import { getRole } from "../custom-roles.ts";
import { addMembership, getUser, type Membership, removeMembership } from "../users.ts";
import { type RouteContext, typed } from "./context.ts";
import { assertCovers } from "./guards.ts";

type Work = (trx: IdentityDatabase, membership: Membership) => Promise<void>;

/** Giving and taking roles: by whoever manages users there and has all that the role gives. */
export function membershipRoutes(app: FastifyInstance, { frame, db, apply }: RouteContext): void {
  const { identity } = frame;

  function addRoute(method: "PUT" | "DELETE", summary: string, action: string, work: Work): void {
    typed(app).route({
      method,
      url: "/users/:login/roles/:role",
      schema: {
        summary,
        tags: ["users"],
        params: z.object({ login: loginSchema, role: slugSchema }),
        querystring: z.object({
          provider: slugSchema
            .optional()
            .meta({ description: "the role holds in this provider; else server-wide" }),
        }),
        response: { 204: noContent, ...problemResponse },
      },
      async handler(request, reply) {
        const { login, role } = request.params;
        const { provider } = request.query;
        const actor = await identity.authorize(request, "users", provider === undefined ? {} : { provider });
        const { permissions } = await getRole(db, role);
        const attempt = { action, resource: `user:${login}`, provider };
        const grants = permissions.map((permission) => ({ permission, provider: provider ?? null }));
        await assertCovers(identity, request, attempt, grants);
        const { id: userId } = await getUser(db, login);
        await apply(request, { actor, ...attempt, detail: { role } }, (trx) =>
          work(trx, { userId, role, provider: provider ?? null }),
        );
        return reply.code(204).send(null);
      },
    });
  }

  addRoute("PUT", "Give a user a role", "user.role.add", addMembership);
  addRoute("DELETE", "Take a role away from a user", "user.role.remove", removeMembership);
}
