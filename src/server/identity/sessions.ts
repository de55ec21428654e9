import { timingSafeEqual } from "node:crypto";
import type { Kysely } from "kysely";
import { Problem } from "../http/problem.ts";
import { ACCESS_TOKEN_SECONDS, type SigningKeys } from "./signing-keys.ts";
import type { IdentityTables } from "./tables.ts";
import { generateSecret, hashSecret } from "./token-format.ts";

const REFRESH_DAYS = 30;
const REFRESH_TOKEN = /^plr_([0-9a-f-]{36})_[0-9A-Za-z]{43}$/;

/** What a login or a refresh answers. */
export interface SessionTokens {
  accessToken: string;
  refreshToken: string;
  tokenType: "Bearer";
  /** Seconds. */
  expiresIn: number;
}

type Database = Kysely<IdentityTables>;

export interface Sessions {
  /** Begins a session within the transaction of the login. */
  begin(trx: Database, userId: string): Promise<SessionTokens>;
  /**
   * Trades a refresh token for new tokens. One that was used before ends the session: either its owner or a thief
   * has the newer one. @throws Problem 401.
   */
  refresh(refreshToken: string): Promise<SessionTokens>;
  /** Ends a session. Returns whose it was, or undefined when the token was no longer good. */
  end(refreshToken: string): Promise<string | undefined>;
  /** Forgets what has expired. */
  prune(): Promise<void>;
}

const refused = () => new Problem(401, "token_invalid", "the refresh token is not valid; log in again");

const sameHash = (a: string, b: string) => timingSafeEqual(Buffer.from(a, "hex"), Buffer.from(b, "hex"));

export function createSessions(db: Database, keys: SigningKeys, now: () => Date): Sessions {
  const expiry = () => new Date(now().getTime() + REFRESH_DAYS * 86_400_000).toISOString();
  const newSecret = (sessionId: string) => `plr_${sessionId}_${generateSecret()}`;

  async function tokensFor(userId: string, sessionId: string, refreshToken: string): Promise<SessionTokens> {
    const accessToken = await keys.sign({ sub: userId, sid: sessionId });
    return { accessToken, refreshToken, tokenType: "Bearer", expiresIn: ACCESS_TOKEN_SECONDS };
  }

  async function find(trx: Database, refreshToken: string) {
    const [, id] = REFRESH_TOKEN.exec(refreshToken) ?? [];
    if (id === undefined) return undefined;
    const row = await trx
      .selectFrom("session")
      .innerJoin("user", "user.id", "session.user_id")
      .select(["session.id", "session.user_id", "session.refresh_hash", "session.expires_at", "user.state"])
      .where("session.id", "=", id)
      .executeTakeFirst();
    return row && { ...row, isNewest: sameHash(row.refresh_hash, hashSecret(refreshToken)) };
  }

  return {
    async begin(trx, userId) {
      const id = crypto.randomUUID();
      const refreshToken = newSecret(id);
      await trx
        .insertInto("session")
        .values({
          id,
          user_id: userId,
          refresh_hash: hashSecret(refreshToken),
          created_at: now().toISOString(),
          expires_at: expiry(),
        })
        .execute();
      return tokensFor(userId, id, refreshToken);
    },
    async refresh(refreshToken) {
      const renewed = await db.transaction().execute(async (trx) => {
        const session = await find(trx, refreshToken);
        if (session === undefined) return undefined;
        if (!session.isNewest) {
          await trx.deleteFrom("session").where("id", "=", session.id).execute();
          return undefined;
        }
        if (session.expires_at <= now().toISOString() || session.state !== "active") return undefined;
        const next = newSecret(session.id);
        await trx
          .updateTable("session")
          .set({ refresh_hash: hashSecret(next), expires_at: expiry() })
          .where("id", "=", session.id)
          .execute();
        return { userId: session.user_id, id: session.id, next };
      });
      if (renewed === undefined) throw refused();
      return tokensFor(renewed.userId, renewed.id, renewed.next);
    },
    async end(refreshToken) {
      return db.transaction().execute(async (trx) => {
        const session = await find(trx, refreshToken);
        if (!session?.isNewest) return undefined;
        await trx.deleteFrom("session").where("id", "=", session.id).execute();
        return session.user_id;
      });
    },
    async prune() {
      await db.deleteFrom("session").where("expires_at", "<=", now().toISOString()).execute();
    },
  };
}
