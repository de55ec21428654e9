import { type Kysely, sql } from "kysely";
import type { MigrationSet } from "../../storage/database.ts";

/** Times are ISO 8601 in UTC, sizes are bytes, digests are lower-case hex sha256. */
export type RepositoryTables = {
  /** A file of the pool. */
  repository_package: {
    sha256: string;
    package: string;
    version: string;
    architecture: string;
    size_bytes: number;
    /** Its paragraph in `Packages` files. */
    stanza: string;
    /** Since when no channel has it; clients with an older index may still ask for it. */
    unlisted_at: string | null;
  };
  /** What a channel offers now. */
  repository_member: {
    channel: string;
    package: string;
    version: string;
    architecture: string;
    sha256: string;
    published_at: string;
  };
  /** One signed state of a channel. */
  repository_generation: {
    channel: string;
    number: number;
    released_at: string;
    valid_until: string;
    superseded_at: string | null;
    release: string;
    in_release: string;
    /** Detached, over `release`. */
    signature: string;
  };
  /** Which index a generation has for an architecture. */
  repository_listing: { channel: string; number: number; architecture: string; sha256: string };
  /** Text of a `Packages` file, kept compressed; `sha256` and `size_bytes` are those of the text. */
  repository_index: {
    sha256: string;
    size_bytes: number;
    gzip: Uint8Array;
    gzip_sha256: string;
  };
};

export type RepositoryDatabase = Kysely<RepositoryTables>;

/** Of the module that the repository is part of. */
export const repositoryMigrations: MigrationSet = {
  "0002-repository": {
    async up(db) {
      await sql`
        CREATE TABLE repository_package (
          sha256 TEXT PRIMARY KEY, package TEXT NOT NULL, version TEXT NOT NULL, architecture TEXT NOT NULL,
          size_bytes INTEGER NOT NULL, stanza TEXT NOT NULL, unlisted_at TEXT
        )`.execute(db);
      await sql`
        CREATE TABLE repository_member (
          channel TEXT NOT NULL, package TEXT NOT NULL, version TEXT NOT NULL, architecture TEXT NOT NULL,
          sha256 TEXT NOT NULL REFERENCES repository_package (sha256), published_at TEXT NOT NULL,
          PRIMARY KEY (channel, package, version, architecture)
        )`.execute(db);
      await sql`CREATE INDEX repository_member_by_content ON repository_member (sha256)`.execute(db);
      await sql`
        CREATE TABLE repository_generation (
          channel TEXT NOT NULL, number INTEGER NOT NULL, released_at TEXT NOT NULL, valid_until TEXT NOT NULL,
          superseded_at TEXT, release TEXT NOT NULL, in_release TEXT NOT NULL, signature TEXT NOT NULL,
          PRIMARY KEY (channel, number)
        )`.execute(db);
      await sql`
        CREATE TABLE repository_index (
          sha256 TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, gzip BLOB NOT NULL, gzip_sha256 TEXT NOT NULL
        )`.execute(db);
      await sql`CREATE INDEX repository_index_by_gzip ON repository_index (gzip_sha256)`.execute(db);
      await sql`
        CREATE TABLE repository_listing (
          channel TEXT NOT NULL, number INTEGER NOT NULL, architecture TEXT NOT NULL,
          sha256 TEXT NOT NULL REFERENCES repository_index (sha256), PRIMARY KEY (channel, number, architecture),
          FOREIGN KEY (channel, number) REFERENCES repository_generation (channel, number) ON DELETE CASCADE
        )`.execute(db);
      await sql`CREATE INDEX repository_listing_by_content ON repository_listing (sha256)`.execute(db);
    },
  },
};
