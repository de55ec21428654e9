import * as z from "zod/mini";
import type { Session } from "../../../core/capabilities.ts";
import { configError, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { HttpClient } from "../../http/call.ts";
import { path } from "../../http/path.ts";

/** Life of the token that a sign-in to a plugctl server leaves on this machine. */
const TOKEN_DAYS = 90;

const grantSchema = z.object({ access_token: z.string() });
const identitySchema = z.object({
  login: z.string(),
  permissions: z.array(z.string()),
  roles: z.array(z.object({ role: z.string(), provider: z.nullish(z.string()) })),
  expiresAt: z.nullable(z.string()),
  tokenId: z.nullable(z.string()),
});
const issuedSchema = z.object({ token: z.string() });

/**
 * Signing in by the password flow of OAuth 2, which both servers have. plugctl's own then issues a token that lasts and
 * can be revoked; Thinger.io has none for users, so that the access token itself is kept, for as long as it lasts.
 * @param user whose plugins the target is about, where the configuration says.
 */
export function createSession(http: HttpClient, user: string | undefined): Session {
  return {
    async login({ login, password, note }) {
      const access = await grant(http, { login, password });
      const known = await identity(http, access);
      if (known === undefined) return { token: access, login };
      const body = { note, scopes: known.permissions, expiresInDays: TOKEN_DAYS };
      const { token } = await http.json("POST", "tokens", { auth: access, body, schema: issuedSchema });
      return { token, login: known.login };
    },

    async whoami(token) {
      const known = await identity(http, token);
      if (known === undefined) return owner(http, user, token);
      const { login, roles, expiresAt } = known;
      return {
        login,
        roles: roles.map(({ role, provider }) => (provider ? `${role}@${provider}` : role)),
        expiresAt,
      };
    },

    async logout(token) {
      try {
        const known = await identity(http, token);
        if (known?.tokenId != null) await http.json("DELETE", path`tokens/${known.tokenId}`, { auth: token });
      } catch (error) {
        if (!isPlugctlError(error) || error.code !== "UNAUTHENTICATED") throw error;
      }
    },
  };
}

async function grant(
  http: HttpClient,
  { login, password }: { login: string; password: string },
): Promise<string> {
  const form = new URLSearchParams({ grant_type: "password", username: login, password });
  const bytes = Buffer.from(form.toString());
  try {
    const { access_token } = await http.upload("/oauth/token", {
      auth: false,
      body: once(bytes),
      sizeBytes: bytes.length,
      contentType: "application/x-www-form-urlencoded",
      schema: grantSchema,
    });
    return access_token;
  } catch (error) {
    // RFC 6749 has 400 for a login that is refused.
    if (!isPlugctlError(error) || error.code !== "INVALID") throw error;
    throw new PlugctlError("UNAUTHENTICATED", `target "${http.target}" refuses this login and password`, {
      cause: error,
    });
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Who a token belongs to; undefined where the server is none of plugctl's, and has no such question. */
async function identity(http: HttpClient, token: string | undefined) {
  try {
    return await http.json("GET", "whoami", { auth: token, schema: identitySchema });
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** Whoever may list the plugins of the target's user. @throws UNAUTHENTICATED, FORBIDDEN. */
async function owner(http: HttpClient, user: string | undefined, token: string | undefined) {
  if (user === undefined) {
    throw configError(`target "${http.target}" does not say whose plugins it is about`, {
      hint: `"plugctl target add ${http.target} --overwrite … --user NAME" does`,
    });
  }
  await http.json("GET", path`/v1/users/${user}/plugins`, { auth: token, schema: z.array(z.unknown()) });
  return { login: user, roles: [], expiresAt: null };
}
