import type { HealthCheck, Session } from "../../core/capabilities.ts";
import { isPlugctlError, PlugctlError } from "../../core/errors.ts";
import type { AuthClient } from "./wazo/auth.ts";
import type { PlugindClient } from "./wazo/client.ts";
import type { WireToken } from "./wazo/schema.ts";

/** Life of the token that a sign-in leaves on this machine. */
const TOKEN_SECONDS = 90 * 24 * 60 * 60;

export function createSession(auth: AuthClient): Session {
  return {
    async login({ login, password }) {
      const { token } = await auth.create(login, password, TOKEN_SECONDS);
      return { token, login };
    },
    async whoami(token) {
      if (token === undefined)
        throw new PlugctlError("UNAUTHENTICATED", "there is no credential to ask about");
      const data = await auth.get(token);
      return { login: loginOf(data), roles: data.acl ?? [], expiresAt: expiryOf(data) };
    },
    logout: (token) => auth.revoke(token),
  };
}

export function createHealthCheck(
  client: PlugindClient,
  auth: AuthClient,
  credential: () => Promise<string | undefined>,
): HealthCheck {
  return {
    async check() {
      const { status, plugctl } = await client.backend();
      if (status?.master_tenant?.status === "fail") {
        throw new PlugctlError(
          "UNAVAILABLE",
          `target "${client.target}" has not reached its own authentication service yet`,
          { hint: "see whether wazo-auth runs on that host", details: { target: client.target } },
        );
      }
      const token = await credential();
      // What refused to tell its status without a token, or with this one, says so when it is asked for something.
      if (status === undefined) await client.plugins();
      const login = token === undefined ? null : await ownerOf(auth, token);
      return plugctl === undefined
        ? { product: "wazo-plugind", version: null, login }
        : { product: "plugctl", version: plugctl, login };
    },
  };
}

/** Null where the address has no wazo-auth to ask: wazo-plugind itself does not tell. */
async function ownerOf(auth: AuthClient, token: string): Promise<string | null> {
  try {
    return loginOf(await auth.get(token));
  } catch (error) {
    if (isPlugctlError(error) && error.code !== "CANCELLED") return null;
    throw error;
  }
}

const loginOf = ({ metadata, auth_id }: WireToken): string =>
  metadata?.login ?? metadata?.username ?? auth_id ?? "unknown";

/** wazo-auth writes times of UTC without a zone. */
function expiryOf({ utc_expires_at, expires_at }: WireToken): string | null {
  const text = utc_expires_at ?? expires_at;
  if (text === undefined || text === null) return null;
  const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
