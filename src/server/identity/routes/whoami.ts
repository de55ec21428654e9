import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { PERMISSIONS } from "../../../core/permissions.ts";
import { permissionSchema, problemResponse, timeSchema } from "../../http/schemas.ts";
import { EVERYTHING, effectiveGrants } from "../rights.ts";
import { type RouteContext, typed } from "./context.ts";

export function whoamiRoute(app: FastifyInstance, { frame: { identity } }: RouteContext): void {
  typed(app).route({
    method: "GET",
    url: "/whoami",
    schema: {
      summary: "Who the credential belongs to, and what it may do",
      tags: ["login"],
      response: {
        200: z.object({
          login: z.string(),
          name: z.string().nullable(),
          userId: z.string(),
          tokenId: z.string().nullable(),
          scopes: z.array(permissionSchema).meta({ description: "what the token may do at most" }),
          resources: z
            .array(z.string())
            .meta({ description: "what the token reaches at most; * is everything" }),
          expiresAt: timeSchema.nullable(),
          roles: z.array(z.object({ role: z.string(), provider: z.string().nullable() })),
          permissions: z.array(permissionSchema).meta({ description: "what it may do, somewhere" }),
          providers: z.array(z.string()).meta({ description: "providers that it may publish for" }),
        }),
        ...problemResponse,
      },
    },
    async handler(request) {
      const { principal, name, rights, roles, expiresAt } = await identity.caller(request);
      const held = new Set(effectiveGrants(rights).map((grant) => grant.permission));
      return {
        ...principal,
        name,
        roles,
        expiresAt,
        scopes: [...(rights.limits?.scopes ?? PERMISSIONS)],
        resources: [...(rights.limits?.resources ?? [EVERYTHING])],
        permissions: PERMISSIONS.filter((permission) => held.has(permission)),
        providers: await identity.providersFor(principal, "publish"),
      };
    },
  });
}
