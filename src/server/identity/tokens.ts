import type { Selectable } from "kysely";
import type { Permission } from "../../core/permissions.ts";
import { Problem } from "../http/problem.ts";
import type { IdentityDatabase } from "./changes.ts";
import type { IdentityTables } from "./tables.ts";
import { generateToken } from "./token-format.ts";

export interface TokenRecord {
  id: string;
  user: string;
  note: string | null;
  scopes: Permission[];
  resources: string[];
  createdAt: string;
  createdBy: string;
  expiresAt: string;
  lastUsedAt: string | null;
  lastUsedIp: string | null;
  state: "active" | "expired" | "revoked";
}

export interface NewToken {
  userId: string;
  note?: string | undefined;
  scopes: readonly Permission[];
  resources: readonly string[];
  createdBy: string;
  expiresAt: Date;
}

type Row = Selectable<IdentityTables["token"]> & { login: string };

function toRecord(row: Row, now: Date): TokenRecord {
  const expired = row.expires_at <= now.toISOString();
  return {
    id: row.id,
    user: row.login,
    note: row.note,
    scopes: JSON.parse(row.scopes),
    resources: JSON.parse(row.resources),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    lastUsedIp: row.last_used_ip,
    state: row.revoked_at !== null ? "revoked" : expired ? "expired" : "active",
  };
}

const tokensWith = (db: IdentityDatabase) =>
  db
    .selectFrom("token")
    .innerJoin("user", "user.id", "token.user_id")
    .selectAll("token")
    .select("user.login")
    .orderBy("token.created_at", "desc")
    .orderBy("token.id");

/** Newest first; of one user, or of all. */
export async function listTokens(db: IdentityDatabase, now: Date, userId?: string): Promise<TokenRecord[]> {
  const all = tokensWith(db);
  const rows = await (userId === undefined ? all : all.where("user.id", "=", userId)).execute();
  return rows.map((row) => toRecord(row, now));
}

/** @throws Problem 404. */
export async function getToken(db: IdentityDatabase, now: Date, id: string): Promise<TokenRecord> {
  const row = await tokensWith(db).where("token.id", "=", id).executeTakeFirst();
  if (row === undefined) throw new Problem(404, "token_not_found", `there is no token "${id}"`);
  return toRecord(row, now);
}

/** Stores a new token's hash. The token itself is returned here and known nowhere else. */
export async function insertToken(
  trx: IdentityDatabase,
  wanted: NewToken,
  now: Date,
): Promise<{ id: string; token: string }> {
  const { id, token, hash } = generateToken();
  await trx
    .insertInto("token")
    .values({
      id,
      hash,
      user_id: wanted.userId,
      note: wanted.note ?? null,
      scopes: JSON.stringify(wanted.scopes),
      resources: JSON.stringify(wanted.resources),
      created_at: now.toISOString(),
      created_by: wanted.createdBy,
      expires_at: wanted.expiresAt.toISOString(),
      revoked_at: null,
      last_used_at: null,
      last_used_ip: null,
    })
    .execute();
  return { id, token };
}

/** Makes a token useless from the next request on; a revoked one stays as it is. */
export async function revokeToken(trx: IdentityDatabase, id: string, now: Date): Promise<void> {
  await trx
    .updateTable("token")
    .set({ revoked_at: now.toISOString() })
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .execute();
}

export async function deleteExpiredTokens(db: IdentityDatabase, note: string, now: Date): Promise<void> {
  await db
    .deleteFrom("token")
    .where("note", "=", note)
    .where("expires_at", "<=", now.toISOString())
    .execute();
}
