import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { MigrationSet } from "../storage/database.ts";

/** Of what salts are made up for users that there are not. */
export const SCRAM_SALTS = "scram-salts";

export type IdentityTables = {
  user: {
    id: string;
    login: string;
    name: string | null;
    password: string;
    /** `active` or `disabled`. */
    state: string;
    created_at: string;
    updated_at: string;
    last_login_at: string | null;
  };
  provider: { id: string; name: string | null; created_at: string };
  /** Roles that this server's administrators made; the built-in ones are in roles.ts. */
  role: { id: string; description: string; permissions: string; created_at: string };
  /** A role that a user has in one provider or, with null, server-wide. */
  membership: { user_id: string; role: string; provider_id: string | null };
  token: {
    id: string;
    hash: string;
    user_id: string;
    note: string | null;
    scopes: string;
    resources: string;
    created_at: string;
    created_by: string;
    expires_at: string;
    revoked_at: string | null;
    last_used_at: string | null;
    last_used_ip: string | null;
  };
  /** A login: one family of refresh tokens, of which only the newest is good. */
  session: { id: string; user_id: string; refresh_hash: string; created_at: string; expires_at: string };
  /** What SCRAM checks a password with, beside the hash that all else goes by; base64. Changes with it. */
  scram_key: {
    user_id: string;
    mechanism: string;
    salt: string;
    iterations: number;
    stored_key: string;
    server_key: string;
  };
  /** Random values that the server made for itself once; base64. */
  server_secret: { name: string; value: string };
};

export const identityMigrations: MigrationSet = {
  "0001-identity": {
    async up(db) {
      await sql`
        CREATE TABLE "user" (
          id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT, password TEXT NOT NULL, state TEXT NOT NULL,
          created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_login_at TEXT
        )`.execute(db);
      await sql`
        CREATE TABLE provider (id TEXT PRIMARY KEY, name TEXT, created_at TEXT NOT NULL)`.execute(db);
      await sql`
        CREATE TABLE role (
          id TEXT PRIMARY KEY, description TEXT NOT NULL, permissions TEXT NOT NULL, created_at TEXT NOT NULL
        )`.execute(db);
      await sql`
        CREATE TABLE membership (
          user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, role TEXT NOT NULL,
          provider_id TEXT REFERENCES provider (id) ON DELETE CASCADE
        )`.execute(db);
      await sql`
        CREATE UNIQUE INDEX membership_once ON membership (user_id, role, COALESCE(provider_id, ''))`.execute(
        db,
      );
      await sql`CREATE INDEX membership_by_role ON membership (role)`.execute(db);
      await sql`
        CREATE TABLE token (
          id TEXT PRIMARY KEY, hash TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
          note TEXT, scopes TEXT NOT NULL, resources TEXT NOT NULL, created_at TEXT NOT NULL,
          created_by TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT, last_used_at TEXT, last_used_ip TEXT
        )`.execute(db);
      await sql`CREATE INDEX token_by_user ON token (user_id)`.execute(db);
      await sql`
        CREATE TABLE session (
          id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
          refresh_hash TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL
        )`.execute(db);
      await sql`CREATE INDEX session_by_user ON session (user_id)`.execute(db);
    },
  },
  "0002-scram": {
    async up(db) {
      await sql`
        CREATE TABLE scram_key (
          user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, mechanism TEXT NOT NULL,
          salt TEXT NOT NULL, iterations INTEGER NOT NULL, stored_key TEXT NOT NULL, server_key TEXT NOT NULL,
          PRIMARY KEY (user_id, mechanism)
        )`.execute(db);
      await sql`CREATE TABLE server_secret (name TEXT PRIMARY KEY, value TEXT NOT NULL)`.execute(db);
      const secret = randomBytes(32).toString("base64");
      await sql`INSERT INTO server_secret (name, value) VALUES (${SCRAM_SALTS}, ${secret})`.execute(db);
    },
  },
};
