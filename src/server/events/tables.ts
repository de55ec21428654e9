import { sql } from "kysely";
import type { MigrationSet } from "../storage/database.ts";

export type EventTables = {
  audit: {
    seq: number;
    at: string;
    actor: string;
    token_id: string | null;
    action: string;
    resource: string;
    provider: string | null;
    outcome: string;
    ip: string | null;
    request_id: string | null;
    detail: string;
    hash: string;
  };
  operation: {
    id: string;
    kind: string;
    resource: string;
    state: string;
    actor: string;
    started_at: string;
    finished_at: string | null;
    result: string | null;
    error: string | null;
  };
  operation_event: { operation_id: string; seq: number; event: string };
};

export const eventMigrations: MigrationSet = {
  "0001-audit-and-operations": {
    async up(db) {
      await sql`
        CREATE TABLE audit (
          seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, token_id TEXT, action TEXT NOT NULL,
          resource TEXT NOT NULL, provider TEXT, outcome TEXT NOT NULL, ip TEXT, request_id TEXT,
          detail TEXT NOT NULL, hash TEXT NOT NULL
        )`.execute(db);
      await sql`CREATE INDEX audit_by_resource ON audit (resource, seq)`.execute(db);
      await sql`CREATE INDEX audit_by_provider ON audit (provider, seq)`.execute(db);
      await sql`
        CREATE TABLE operation (
          id TEXT PRIMARY KEY, kind TEXT NOT NULL, resource TEXT NOT NULL, state TEXT NOT NULL, actor TEXT NOT NULL,
          started_at TEXT NOT NULL, finished_at TEXT, result TEXT, error TEXT
        )`.execute(db);
      await sql`CREATE INDEX operation_by_start ON operation (started_at)`.execute(db);
      await sql`
        CREATE TABLE operation_event (
          operation_id TEXT NOT NULL REFERENCES operation (id) ON DELETE CASCADE, seq INTEGER NOT NULL,
          event TEXT NOT NULL, PRIMARY KEY (operation_id, seq)
        )`.execute(db);
    },
  },
};
