import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import { Problem } from "../../http/problem.ts";
import type { TokenHolder } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import { answerErrors, json, notUnderstood, PlugindError } from "../plugind/errors.ts";
import { jsonBody, takeJsonBodies } from "../plugind/json-bodies.ts";
import { aclsOf } from "./access.ts";
import type { LocalAuthority } from "./local-authority.ts";

/** wazo-auth's own default and the longest that is given, in seconds. */
const DEFAULT_SECONDS = 7_200;
const MAX_SECONDS = 365 * 86_400;

/** Tells tokens of this API from others in the list of a user's tokens. */
export const TOKEN_NOTE = "wazo-auth";

const bodySchema = z.looseObject({
  expiration: z.int().min(1).max(MAX_SECONDS).default(DEFAULT_SECONDS),
});

type TokenRequest = FastifyRequest<{
  Params: { token: string };
  Querystring: { scope?: string; tenant?: string };
}>;

export interface TokenRouteParts {
  context: Pick<ServerContext, "audit" | "database" | "logins" | "now" | "programTokens">;
  authority: LocalAuthority;
  /** UUID of this server. */
  serviceUuid: string;
}

const unknown = () => new PlugindError(404, "token-not-found", "No such token", { resource: "token" });

/** The part of wazo-auth's API that clients of wazo-plugind use (wazo-plugind spec, section 7). */
export function tokenRoutes(
  app: FastifyInstance,
  { context, authority, serviceUuid }: TokenRouteParts,
): void {
  answerErrors(app);
  takeJsonBodies(app);
  const schema = { tags: ["wazo-auth"], security: [] };

  app.route({
    method: "POST",
    url: "/token",
    schema: { ...schema, summary: "A token for a login and its password (Basic)" },
    handler: createToken,
  });

  app.route<{ Params: { token: string }; Querystring: { scope?: string; tenant?: string } }>({
    method: ["GET", "HEAD"],
    url: "/token/:token",
    exposeHeadRoute: false,
    schema: { ...schema, summary: "What a token is for; 403 when it does not allow the `scope`" },
    async handler(request, reply) {
      const holder = await check(request);
      if (request.method === "HEAD") return reply.code(204).send();
      return send(reply, describe(request.params.token, holder));
    },
  });

  app.route<{ Params: { token: string } }>({
    method: "DELETE",
    url: "/token/:token",
    schema: { ...schema, summary: "Revoke a token" },
    async handler(request, reply) {
      const holder = await authority.holder(request, request.params.token);
      const tokenId = holder?.principal.tokenId;
      if (holder !== null && typeof tokenId === "string") {
        await context.database.transaction().execute(async (trx) => {
          await context.programTokens.revoke(trx, tokenId);
          await context.audit.record(
            {
              actor: holder.principal,
              action: "token.revoke",
              resource: `token:${tokenId}`,
              outcome: "ok",
              ...originOf(request),
            },
            trx,
          );
        });
      }
      return send(reply, { data: { message: "success" } });
    },
  });

  async function createToken(request: FastifyRequest, reply: FastifyReply) {
    const body = bodySchema.safeParse(request.body === undefined ? {} : jsonBody(request));
    if (!body.success) throw notUnderstood();
    const attempt = basicCredential(request);
    if (attempt === undefined) throw refused();
    const wanted = {
      note: TOKEN_NOTE,
      expiresAt: new Date(context.now().getTime() + body.data.expiration * 1000),
    };
    const token = await context.logins.forToken(request, attempt, wanted).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 401) throw refused();
      throw error;
    });
    const holder = await authority.holder(request, token);
    if (holder === null) throw refused();
    return send(reply, describe(token, holder));
  }

  /** @throws PlugindError 404 for no token, 403 for one that does not allow what is asked for. */
  async function check(request: TokenRequest): Promise<TokenHolder> {
    const holder = await authority.holder(request, request.params.token);
    if (holder === null) throw unknown();
    const { scope, tenant } = request.query;
    const allowed =
      scope === undefined
        ? authority.tenants.reaches(authority.tenants.of(holder), tenant, [])
        : await authority.allows(holder, scope, tenant);
    if (allowed) return holder;
    throw new PlugindError(403, "missing-scope", "Unauthorized", {
      resource: "token",
      details: { scope: scope ?? null, tenant_uuid: tenant ?? null },
    });
  }

  function describe(token: string, { principal, expiresAt, permissions, provider }: TokenHolder) {
    const iso = (time: string) => time.replace(/Z$/, "");
    const issued = context.now().toISOString();
    const expires = expiresAt ?? issued;
    return {
      data: {
        token,
        auth_id: principal.userId,
        xivo_user_uuid: null,
        xivo_uuid: serviceUuid,
        session_uuid: principal.tokenId,
        acl: aclsOf(permissions),
        metadata: {
          uuid: principal.userId,
          tenant_uuid: authority.tenants.of({ provider }),
          auth_id: principal.userId,
          pbx_user_uuid: null,
          xivo_uuid: serviceUuid,
          username: principal.login,
          purpose: "user",
          admin: permissions.includes("admin"),
        },
        issued_at: iso(issued),
        expires_at: iso(expires),
        utc_issued_at: iso(issued),
        utc_expires_at: iso(expires),
      },
    };
  }
}

const refused = () => new PlugindError(401, "unauthorized", "Authentication Failed", { resource: "token" });

const send = (reply: FastifyReply, body: unknown) =>
  reply.header("cache-control", "no-store").type("application/json").send(json(body));

function basicCredential({ headers }: FastifyRequest): { login: string; password: string } | undefined {
  const [, encoded] = /^basic +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) };
}
