import type { HealthCheck, Session } from "../../core/capabilities.ts";
import { PlugctlError, toPlugctlError } from "../../core/errors.ts";
import type { StoreClient } from "./client.ts";

/** Life of the token that a sign-in leaves on this machine. */
const TOKEN_DAYS = 90;

export function createHealthCheck(client: StoreClient): HealthCheck {
  return {
    async check() {
      await client.ready();
      const known = await client.hasCredential();
      const { login } = known ? await client.whoami() : { login: null };
      return { product: "plugctl", version: known ? await serverVersion(client) : null, login };
    },
  };
}

/** Null for those who may not see the server's state. */
async function serverVersion(client: StoreClient): Promise<string | null> {
  try {
    return (await client.status()).version;
  } catch (error) {
    if (toPlugctlError(error).code === "FORBIDDEN") return null;
    throw error;
  }
}

export function createSession(client: StoreClient, target: string): Session {
  return {
    async login({ login, password, note }) {
      const { accessToken, refreshToken } = await client.signIn(login, password);
      // What is kept on this machine is a token of its own, so that it can be told from others and revoked alone.
      const user = await client.whoami(accessToken);
      if (user.permissions.length === 0) {
        await client.signOut(refreshToken);
        throw new PlugctlError(
          "FORBIDDEN",
          `user "${user.login}" has no role at ${target}, and so may do nothing`,
          {
            hint: `an administrator gives one: plugctl user grant ${user.login} ROLE`,
          },
        );
      }
      const { token } = await client.createToken(accessToken, {
        note,
        scopes: user.permissions,
        expiresInDays: TOKEN_DAYS,
      });
      await client.signOut(refreshToken);
      return { token, login: user.login };
    },

    async whoami(token) {
      const { login, roles, expiresAt } = await client.whoami(token);
      return {
        login,
        roles: roles.map(({ role, provider }) => (provider ? `${role}@${provider}` : role)),
        expiresAt,
      };
    },

    async logout(token) {
      try {
        const { tokenId } = await client.whoami(token);
        if (tokenId !== null) await client.revokeToken(token, tokenId);
      } catch (error) {
        if (toPlugctlError(error).code !== "UNAUTHENTICATED") throw error;
      }
    },
  };
}
