import { type Kysely, sql } from "kysely";
import type { MigrationSet } from "../storage/database.ts";

/** Times are ISO 8601 in UTC unless they say otherwise, JSON is text. A task's id is that of its operation. */
export type DebTables = {
  /** What the server made up once: its `service_uuid` and its `master_tenant_uuid`. */
  deb_setting: { name: string; value: string };
  deb_task: {
    id: string;
    /** `install`, `remove`, `rollback` or `build`. */
    action: string;
    /** The task that this one is a part of. */
    parent_id: string | null;
    actor: string;
    request: string;
    /** Known from the start or, for sources, once the description has been read. */
    namespace: string | null;
    name: string | null;
    version: string | null;
    previous_version: string | null;
    /** wazo-plugind's word; `completed` and `error` are the last ones. */
    status: string;
    /** What it will have come to once its change is made: for a start after a crash in between. */
    promised: string | null;
    result: string | null;
    error: string | null;
    started_at: string;
    ended_at: string | null;
  };
  /** Where the installed plugins came from: what dpkg does not know. */
  deb_plugin: {
    namespace: string;
    name: string;
    version: string;
    package: string;
    origin: string;
    commit: string | null;
    tree_sha256: string | null;
    deb_sha256: string;
    previous_version: string | null;
    installed_at: string;
    installed_by: string;
  };
  /** Messages that the broker has not confirmed. */
  deb_outbox: {
    seq: number;
    task_id: string;
    routing_key: string;
    headers: string;
    body: string;
    /** Not to be sent before; ms since 1970. */
    not_before: number;
  };
  deb_upload: {
    id: string;
    /** `archive` or `package`. */
    kind: string;
    sha256: string;
    size: number;
    created_at: string;
    created_by: string;
  };
};

export type DebDatabase = Kysely<DebTables>;

export const debMigrations: MigrationSet = {
  "0001-deb": {
    async up(db) {
      await sql`CREATE TABLE deb_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)`.execute(db);
      await sql`
        CREATE TABLE deb_task (
          id TEXT PRIMARY KEY, action TEXT NOT NULL, parent_id TEXT, actor TEXT NOT NULL, request TEXT NOT NULL,
          namespace TEXT, name TEXT, version TEXT, previous_version TEXT, status TEXT NOT NULL, promised TEXT,
          result TEXT, error TEXT, started_at TEXT NOT NULL, ended_at TEXT
        )`.execute(db);
      await sql`CREATE INDEX deb_task_by_plugin ON deb_task (namespace, name, started_at)`.execute(db);
      await sql`CREATE INDEX deb_task_by_start ON deb_task (started_at)`.execute(db);
      await sql`
        CREATE TABLE deb_plugin (
          namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, package TEXT NOT NULL, origin TEXT NOT NULL,
          "commit" TEXT, tree_sha256 TEXT, deb_sha256 TEXT NOT NULL, previous_version TEXT, installed_at TEXT NOT NULL,
          installed_by TEXT NOT NULL, PRIMARY KEY (namespace, name)
        )`.execute(db);
      await sql`
        CREATE TABLE deb_outbox (
          seq INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, routing_key TEXT NOT NULL, headers TEXT NOT NULL,
          body TEXT NOT NULL, not_before INTEGER NOT NULL
        )`.execute(db);
      await sql`
        CREATE TABLE deb_upload (
          id TEXT PRIMARY KEY, kind TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, created_at TEXT NOT NULL,
          created_by TEXT NOT NULL
        )`.execute(db);
    },
  },
};

/** A value that the server makes up at its first start and keeps. */
export async function keptValue(db: DebDatabase, name: string, make: () => string): Promise<string> {
  const row = await db.selectFrom("deb_setting").select("value").where("name", "=", name).executeTakeFirst();
  if (row !== undefined) return row.value;
  const value = make();
  await db.insertInto("deb_setting").values({ name, value }).execute();
  return value;
}
