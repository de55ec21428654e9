import { timingSafeEqual } from "node:crypto";
import type { IdentityDatabase } from "./changes.ts";
import type { Principal } from "./identity.ts";
import { generateSecret, hashSecret } from "./token-format.ts";

/** How long a browser stays signed in, in seconds: a working day. */
export const BROWSER_SESSION_SECONDS = 12 * 3600;
const COOKIE = /^plb_([0-9a-f-]{36})_[0-9A-Za-z]{43}$/;

/**
 * Sessions of browsers, for what they open by themselves and so without a header: the web pages of plugins. A cookie's
 * value is good for these only, never for the API. The session ends with the user's others: at a new password, when
 * the user is disabled, at its own end.
 */
export interface BrowserSessions {
  /** Begins a session within the transaction of the login; the value for the cookie is known nowhere else. */
  begin(trx: IdentityDatabase, userId: string): Promise<string>;
  /** Who the cookie belongs to; null when it is none of ours, or its session has ended. */
  find(cookie: string): Promise<Principal | null>;
  /** Ends the session, if the cookie is one of ours. */
  end(cookie: string): Promise<void>;
}

export function createBrowserSessions(db: IdentityDatabase, now: () => Date): BrowserSessions {
  async function lookUp(cookie: string) {
    const [, id] = COOKIE.exec(cookie) ?? [];
    if (id === undefined) return undefined;
    const row = await db
      .selectFrom("session")
      .innerJoin("user", "user.id", "session.user_id")
      .select(["session.id", "session.refresh_hash", "session.expires_at", "user.id as userId"])
      .select(["user.login", "user.state"])
      .where("session.id", "=", id)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const [known, given] = [row.refresh_hash, hashSecret(cookie)].map((hash) => Buffer.from(hash, "hex"));
    return known && given && timingSafeEqual(known, given) ? row : undefined;
  }

  return {
    async begin(trx, userId) {
      const id = crypto.randomUUID();
      const cookie = `plb_${id}_${generateSecret()}`;
      const at = now();
      const expiresAt = new Date(at.getTime() + BROWSER_SESSION_SECONDS * 1000);
      await trx
        .insertInto("session")
        .values({
          id,
          user_id: userId,
          refresh_hash: hashSecret(cookie),
          created_at: at.toISOString(),
          expires_at: expiresAt.toISOString(),
        })
        .execute();
      return cookie;
    },
    async find(cookie) {
      const row = await lookUp(cookie);
      if (row === undefined || row.expires_at <= now().toISOString() || row.state !== "active") return null;
      return { userId: row.userId, login: row.login, tokenId: null };
    },
    async end(cookie) {
      const row = await lookUp(cookie);
      if (row !== undefined) await db.deleteFrom("session").where("id", "=", row.id).execute();
    },
  };
}
