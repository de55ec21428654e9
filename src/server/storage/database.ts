import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Migrations of one module by name (`0001-plugins`); names are sorted and never change once released. */
export type MigrationSet = Readonly<Record<string, Migration>>;

/**
 * The data layer: kysely over one connection. Every module states its own tables with
 * `database.$extendTables<StoreTables>()` (a type alias, not an interface). Queries keep to what SQLite and PostgreSQL share.
 */
// biome-ignore lint/complexity/noBannedTypes: no tables until a module states its own
export type Database = Kysely<{}>;
