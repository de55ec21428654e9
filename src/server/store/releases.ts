import semver from "semver";
import { Problem } from "../http/problem.ts";
import type { StoreDatabase } from "./store-database.ts";
import type { StoreTables } from "./tables.ts";

export type VersionRow = StoreTables["version"];

/** One version, as lists show it. */
export interface Release {
  plugin: string;
  version: string;
  state: VersionRow["state"];
  channels: string[];
  sizeBytes: number;
  files: number;
  treeSha256: string;
  entry: string;
  publishedAt: string;
  publishedBy: string;
  deprecated: string | null;
}

export const toRelease = (row: VersionRow, channels: readonly string[]): Release => ({
  plugin: row.plugin_id,
  version: row.version,
  state: row.state,
  channels: [...channels].sort(),
  sizeBytes: row.size_bytes,
  files: row.file_count,
  treeSha256: row.tree_sha256,
  entry: row.entry,
  publishedAt: row.published_at,
  publishedBy: row.published_by,
  deprecated: row.deprecated,
});

/** Newest version first. */
export async function listReleases(db: StoreDatabase, plugin: string): Promise<Release[]> {
  const rows = await db.selectFrom("version").selectAll().where("plugin_id", "=", plugin).execute();
  const channels = await channelNames(db, plugin);
  return rows
    .sort((a, b) => semver.rcompare(a.version, b.version))
    .map((row) => toRelease(row, channels.get(row.version) ?? []));
}

/** @throws Problem 404 `version_not_found`. */
export async function findVersion(db: StoreDatabase, plugin: string, version: string): Promise<VersionRow> {
  const row = await db
    .selectFrom("version")
    .selectAll()
    .where("plugin_id", "=", plugin)
    .where("version", "=", version)
    .executeTakeFirst();
  if (row === undefined) throw new Problem(404, "version_not_found", `${plugin} has no version ${version}`);
  return row;
}

/** Names of the channels that point at each version. */
export async function channelNames(db: StoreDatabase, plugin: string): Promise<Map<string, string[]>> {
  const rows = await db.selectFrom("channel").selectAll().where("plugin_id", "=", plugin).execute();
  const names = new Map<string, string[]>();
  for (const row of rows) names.set(row.version, [...(names.get(row.version) ?? []), row.name]);
  return names;
}
