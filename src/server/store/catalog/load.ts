import semver from "semver";
import type { StoreDatabase } from "../store-database.ts";
import type { VersionState } from "../tables.ts";
import { type ListedVersion, type Listing, toListing } from "./listing.ts";

/** What is kept in memory of a plugin: enough for lists, search and discovery. */
export interface CatalogEntry {
  id: string;
  provider: string;
  channels: Readonly<Record<string, string>>;
  latest: string | null;
  /** Versions that are not purged. */
  versions: number;
  /** `withdrawn`: no version is left that could be chosen. */
  state: "available" | "withdrawn";
  updatedAt: string;
  displayName: string | null;
  description: string | null;
  /** The version that the descriptive fields come from: `latest`, else the highest one. */
  shown: string | null;
  /** Lower-case text that `q=` looks in. */
  searchText: string;
  /** In the feed that follows `latest`. */
  listing: Listing | null;
}

interface VersionSummary {
  version: string;
  state: VersionState;
}

/** Reads all plugins, or one, with as few queries as that takes. */
export async function loadEntries(db: StoreDatabase, id?: string): Promise<CatalogEntry[]> {
  let plugins = db.selectFrom("plugin").select(["id", "provider_id", "updated_at"]);
  let channels = db.selectFrom("channel").select(["plugin_id", "name", "version"]).orderBy("name");
  let versions = db.selectFrom("version").select(["plugin_id", "version", "state"]);
  let details = selectDetails(db)
    .innerJoin("channel", (join) =>
      join
        .onRef("channel.plugin_id", "=", "version.plugin_id")
        .onRef("channel.version", "=", "version.version"),
    )
    .where("channel.name", "=", "latest");
  if (id !== undefined) {
    plugins = plugins.where("id", "=", id);
    channels = channels.where("plugin_id", "=", id);
    versions = versions.where("plugin_id", "=", id);
    details = details.where("version.plugin_id", "=", id);
  }
  const channelsOf = Map.groupBy(await channels.execute(), (row) => row.plugin_id);
  const versionsOf = Map.groupBy(await versions.execute(), (row) => row.plugin_id);
  const latestOf = new Map((await details.execute()).map((row) => [row.plugin_id, row]));
  const entries: CatalogEntry[] = [];
  for (const plugin of await plugins.execute()) {
    const summaries = versionsOf.get(plugin.id) ?? [];
    const latest = latestOf.get(plugin.id);
    const shown = toListed(latest ?? (await highestDetails(db, plugin.id, summaries)));
    entries.push({
      ...describe(plugin.id, shown),
      provider: plugin.provider_id,
      channels: Object.fromEntries((channelsOf.get(plugin.id) ?? []).map((row) => [row.name, row.version])),
      latest: latest?.version ?? null,
      versions: summaries.filter((summary) => summary.state !== "purged").length,
      state: summaries.some((summary) => summary.state === "published") ? "available" : "withdrawn",
      updatedAt: plugin.updated_at,
      listing: latest === undefined || shown === undefined ? null : toListing(shown),
    });
  }
  return entries;
}

const selectDetails = (db: StoreDatabase) =>
  db
    .selectFrom("version")
    .select([
      "version.plugin_id",
      "version.version",
      "version.entry",
      "version.entry_integrity",
      "version.deprecated",
      "version.externals",
      "version.manifest",
    ]);

type Details = Awaited<ReturnType<ReturnType<typeof selectDetails>["executeTakeFirstOrThrow"]>>;

async function highestDetails(db: StoreDatabase, id: string, summaries: readonly VersionSummary[]) {
  const inState = (state: VersionState) =>
    semver.rsort(summaries.filter((summary) => summary.state === state).map((summary) => summary.version))[0];
  const version = inState("published") ?? inState("yanked");
  if (version === undefined) return undefined;
  return selectDetails(db).where("plugin_id", "=", id).where("version", "=", version).executeTakeFirst();
}

function toListed(row: Details | undefined): ListedVersion | undefined {
  if (row === undefined) return undefined;
  return {
    plugin: row.plugin_id,
    version: row.version,
    entry: row.entry,
    integrity: row.entry_integrity,
    deprecated: row.deprecated,
    externals: JSON.parse(row.externals),
    manifest: JSON.parse(row.manifest),
  };
}

function describe(id: string, shown: ListedVersion | undefined) {
  const displayName = shown?.manifest.plugctl.displayName ?? null;
  const description = shown?.manifest.description ?? null;
  const keywords = shown?.manifest.keywords ?? [];
  return {
    id,
    displayName,
    description,
    shown: shown?.version ?? null,
    searchText: [id, displayName, description, ...keywords].join("\n").toLowerCase(),
  };
}
