import { sql } from "kysely";
import type { MigrationSet } from "../storage/database.ts";

export type VersionState = "published" | "yanked" | "purged";

/** Times are ISO 8601 in UTC, JSON is text, sizes are bytes, digests are lower-case hex. */
export type StoreTables = {
  plugin: {
    id: string;
    provider_id: string;
    created_at: string;
    /** Of the last publish, channel move, yank or purge. */
    updated_at: string;
  };
  version: {
    plugin_id: string;
    version: string;
    state: VersionState;
    tree_sha256: string;
    archive_sha256: string;
    size_bytes: number;
    file_count: number;
    entry: string;
    /** SRI of the entry. */
    entry_integrity: string;
    manifest: string;
    externals: string;
    exports: string;
    deprecated: string | null;
    published_by: string;
    published_at: string;
  };
  file: {
    plugin_id: string;
    version: string;
    path: string;
    sha256: string;
    /** SRI, `sha384-…`. */
    integrity: string;
    size: number;
    type: string;
    /** 1 = on the CDN, 0 = only part of the record (package.json). */
    served: number;
  };
  channel: { plugin_id: string; name: string; version: string };
  /** What one app in one environment fetches; `revision` goes up whenever its list changes. */
  feed: { id: string; revision: number };
  /** A compressed form of a blob; by content, so that equal files of many versions share it. */
  variant: {
    sha256: string;
    encoding: string;
    /** `pending`, `kept`, or `dropped`: not worth its place. */
    state: string;
    blob_sha256: string | null;
    size: number | null;
  };
};

export const MAIN_FEED = "main";

export const storeMigrations: MigrationSet = {
  "0001-store": {
    async up(db) {
      await sql`
        CREATE TABLE plugin (
          id TEXT PRIMARY KEY, provider_id TEXT NOT NULL REFERENCES provider (id),
          created_at TEXT NOT NULL, updated_at TEXT NOT NULL
        )`.execute(db);
      await sql`CREATE INDEX plugin_by_provider ON plugin (provider_id)`.execute(db);
      await sql`
        CREATE TABLE version (
          plugin_id TEXT NOT NULL REFERENCES plugin (id), version TEXT NOT NULL, state TEXT NOT NULL,
          tree_sha256 TEXT NOT NULL, archive_sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
          file_count INTEGER NOT NULL, entry TEXT NOT NULL, entry_integrity TEXT NOT NULL, manifest TEXT NOT NULL,
          externals TEXT NOT NULL, exports TEXT NOT NULL, deprecated TEXT, published_by TEXT NOT NULL,
          published_at TEXT NOT NULL, PRIMARY KEY (plugin_id, version)
        )`.execute(db);
      await sql`
        CREATE TABLE file (
          plugin_id TEXT NOT NULL, version TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL,
          integrity TEXT NOT NULL, size INTEGER NOT NULL, type TEXT NOT NULL, served INTEGER NOT NULL,
          PRIMARY KEY (plugin_id, version, path),
          FOREIGN KEY (plugin_id, version) REFERENCES version (plugin_id, version)
        )`.execute(db);
      await sql`CREATE INDEX file_by_content ON file (sha256)`.execute(db);
      await sql`
        CREATE TABLE channel (
          plugin_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (plugin_id, name),
          FOREIGN KEY (plugin_id, version) REFERENCES version (plugin_id, version)
        )`.execute(db);
      await sql`CREATE TABLE feed (id TEXT PRIMARY KEY, revision INTEGER NOT NULL)`.execute(db);
      await sql`INSERT INTO feed (id, revision) VALUES (${MAIN_FEED}, 0)`.execute(db);
      await sql`
        CREATE TABLE variant (
          sha256 TEXT NOT NULL, encoding TEXT NOT NULL, state TEXT NOT NULL, blob_sha256 TEXT, size INTEGER,
          PRIMARY KEY (sha256, encoding)
        )`.execute(db);
      await sql`CREATE INDEX variant_by_blob ON variant (blob_sha256)`.execute(db);
      await sql`CREATE INDEX variant_pending ON variant (sha256) WHERE state = 'pending'`.execute(db);
    },
  },
};
