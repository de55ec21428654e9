import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Frame } from "../../frame.ts";
import { ANONYMOUS } from "../../http/schemas.ts";
import { authRoutes } from "./auth.ts";
import { createRouteContext } from "./context.ts";
import { membershipRoutes } from "./memberships.ts";
import { providerRoutes } from "./providers.ts";
import { roleRoutes } from "./roles.ts";
import { tokenRoutes } from "./tokens.ts";
import { userRoutes } from "./users.ts";
import { whoamiRoute } from "./whoami.ts";

/** Logins, users, roles, providers, tokens below `/api/v1`, and the public signing keys. */
export function identityRoutes(frame: Frame) {
  return async (app: FastifyInstance): Promise<void> => {
    app.route({
      method: "GET",
      url: "/.well-known/jwks.json",
      schema: {
        summary: "Public keys of access tokens",
        tags: ["login"],
        security: ANONYMOUS,
        response: { 200: z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }) },
      },
      handler: async () => frame.keys.jwks(),
    });
    await app.register(
      async (api) => {
        const context = createRouteContext(frame);
        authRoutes(api, context);
        whoamiRoute(api, context);
        userRoutes(api, context);
        membershipRoutes(api, context);
        roleRoutes(api, context);
        providerRoutes(api, context);
        tokenRoutes(api, context);
      },
      { prefix: "/api/v1" },
    );
  };
}
