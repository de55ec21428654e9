import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { Problem } from "../../http/problem.ts";
import { ANONYMOUS } from "../../http/schemas.ts";
import type { Logins } from "../../identity/logins.ts";

const requestSchema = z.discriminatedUnion("grant_type", [
  z.object({
    grant_type: z.literal("password"),
    username: z.string().max(200),
    password: z.string().max(1024),
  }),
  z.object({ grant_type: z.literal("refresh_token"), refresh_token: z.string().max(200) }),
]);
const tokensSchema = z.object({
  access_token: z.string(),
  token_type: z.literal("bearer"),
  expires_in: z.int().meta({ description: "seconds" }),
  refresh_token: z.string(),
});
const failureSchema = z.object({ error: z.string(), error_description: z.string() });

/** `POST /oauth/token`: the password flow of OAuth 2 (RFC 6749, 4.3 and 6), as the platform has it. */
export function oauthRoute(app: FastifyInstance, logins: Logins): void {
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: 16 * 1024 },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.setErrorHandler((error, _request, reply) => {
    const { status, code, message, headers } = asOauth(error);
    void reply
      .code(status)
      .headers({ "cache-control": "no-store", ...headers })
      .send({ error: code, error_description: message });
  });
  app.withTypeProvider<ZodTypeProvider>().route({
    method: "POST",
    url: "/oauth/token",
    schema: {
      operationId: "OAuthToken",
      tags: ["thinger"],
      security: ANONYMOUS,
      summary: "Trade a login and password, or a refresh token, for an access token",
      consumes: ["application/x-www-form-urlencoded", "application/json"],
      body: requestSchema,
      response: { 200: tokensSchema, default: failureSchema },
    },
    async handler(request, reply) {
      const { body } = request;
      const tokens =
        body.grant_type === "password"
          ? await logins.withPassword(request, { login: body.username, password: body.password })
          : await logins.refresh(request, body.refresh_token);
      reply.header("cache-control", "no-store");
      return {
        access_token: tokens.accessToken,
        token_type: "bearer" as const,
        expires_in: tokens.expiresIn,
        refresh_token: tokens.refreshToken,
      };
    },
  });
}

/** The words of RFC 6749, 5.2. */
function asOauth(error: unknown) {
  if (error instanceof Problem) {
    const { status, message, headers } = error;
    if (status === 401) return { status: 400, code: "invalid_grant", message, headers: {} };
    return { status, code: status === 429 ? "slow_down" : "invalid_request", message, headers };
  }
  const isInput = typeof error === "object" && error !== null && "validation" in error;
  return isInput
    ? {
        status: 400,
        code: "invalid_request",
        message: "grant_type must be password or refresh_token",
        headers: {},
      }
    : { status: 500, code: "server_error", message: "the server failed", headers: {} };
}
