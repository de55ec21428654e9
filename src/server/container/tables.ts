import { type Kysely, sql } from "kysely";
import type { MigrationSet } from "../storage/database.ts";

/** Times are ISO 8601 in UTC, JSON is text, flags are 0 or 1. Users are named by login, as the labels of containers do. */
export type ContainerTables = {
  /** What the server knows of a plugin beside its container: it is there from the first look at the plugin on. */
  container_plugin: {
    user: string;
    name: string;
    /** Its part of the address, once given never another's while the plugin exists. */
    slug: string;
    access: string;
    requests_per_second: number | null;
    max_body_bytes: number | null;
    created_at: string;
  };
  /** An installed marketplace entry as it stood: what has no container exists here only. */
  container_entry: {
    user: string;
    name: string;
    version: string;
    /** `container`, `product` or `resources`. */
    kind: string;
    /** In the form that `install` takes. */
    origin: string;
    manifest: string;
    installed_at: string;
  };
  /** Users beside its owner who may visit a private plugin. */
  container_share: { user: string; plugin: string; user_id: string; shared_at: string };
  container_property: { user: string; plugin: string; property: string; value: string; updated_at: string };
  /** Tokens that were made for plugins; the tokens themselves are identity's. */
  container_token: {
    token_id: string;
    user: string;
    plugin: string;
    /** Its id in the marketplace entry. */
    name: string;
    allow: string;
    issued_at: string;
  };
  container_proxy: {
    id: string;
    user: string;
    /** Whose entry brought it, so that it goes with that; null = made by itself. */
    plugin: string | null;
    proxy: string;
  };
  /** What was published with `PUT /plugins/<name>/tags/<tag>`. */
  container_publication: {
    name: string;
    version: string;
    publication: string;
    published_by: string;
    published_at: string;
  };
};

export type ContainerDatabase = Kysely<ContainerTables>;

export const containerMigrations: MigrationSet = {
  "0001-container": {
    async up(db) {
      await sql`
        CREATE TABLE container_plugin (
          "user" TEXT NOT NULL, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, access TEXT NOT NULL,
          requests_per_second INTEGER, created_at TEXT NOT NULL, PRIMARY KEY ("user", name)
        )`.execute(db);
      await sql`
        CREATE TABLE container_entry (
          "user" TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL,
          manifest TEXT NOT NULL, installed_at TEXT NOT NULL, PRIMARY KEY ("user", name)
        )`.execute(db);
      await sql`
        CREATE TABLE container_property (
          "user" TEXT NOT NULL, plugin TEXT NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL,
          updated_at TEXT NOT NULL, PRIMARY KEY ("user", plugin, property)
        )`.execute(db);
      await sql`
        CREATE TABLE container_token (
          token_id TEXT PRIMARY KEY REFERENCES token (id) ON DELETE CASCADE, "user" TEXT NOT NULL,
          plugin TEXT NOT NULL, name TEXT NOT NULL, allow TEXT NOT NULL, issued_at TEXT NOT NULL
        )`.execute(db);
      await sql`CREATE INDEX container_token_by_plugin ON container_token ("user", plugin)`.execute(db);
      await sql`
        CREATE TABLE container_proxy (
          id TEXT PRIMARY KEY, "user" TEXT NOT NULL, plugin TEXT, proxy TEXT NOT NULL
        )`.execute(db);
      await sql`
        CREATE TABLE container_publication (
          name TEXT NOT NULL, version TEXT NOT NULL, publication TEXT NOT NULL, published_by TEXT NOT NULL,
          published_at TEXT NOT NULL, PRIMARY KEY (name, version)
        )`.execute(db);
    },
  },
  "0002-visitors": {
    async up(db) {
      await sql`ALTER TABLE container_plugin ADD COLUMN max_body_bytes INTEGER`.execute(db);
      await sql`
        CREATE TABLE container_share (
          "user" TEXT NOT NULL, plugin TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
          shared_at TEXT NOT NULL, PRIMARY KEY ("user", plugin, user_id),
          FOREIGN KEY ("user", plugin) REFERENCES container_plugin ("user", name) ON DELETE CASCADE
        )`.execute(db);
    },
  },
};
