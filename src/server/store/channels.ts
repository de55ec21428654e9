import semver from "semver";
import { ownChannel } from "./manifest/identifiers.ts";
import type { StoreTransaction } from "./store-database.ts";
import { MAIN_FEED } from "./tables.ts";

/**
 * Points a channel at a version, or removes it.
 * @returns whether that changed anything.
 */
export async function pointChannel(
  transaction: StoreTransaction,
  plugin: string,
  name: string,
  version: string | null,
): Promise<boolean> {
  const current = await channelVersion(transaction, plugin, name);
  if (current === (version ?? undefined)) return false;
  if (version === null) {
    await transaction
      .deleteFrom("channel")
      .where("plugin_id", "=", plugin)
      .where("name", "=", name)
      .execute();
  } else {
    await transaction
      .insertInto("channel")
      .values({ plugin_id: plugin, name, version })
      .onConflict((conflict) => conflict.columns(["plugin_id", "name"]).doUpdateSet({ version }))
      .execute();
  }
  if (name === "latest") await raiseRevision(transaction);
  return true;
}

/** The feed `main` follows the channel `latest` of every plugin. */
async function raiseRevision(transaction: StoreTransaction): Promise<void> {
  await transaction
    .updateTable("feed")
    .set((expression) => ({ revision: expression("revision", "+", 1) }))
    .where("id", "=", MAIN_FEED)
    .execute();
}

/**
 * Moves the channel that a new version belongs to, if that goes up.
 * @returns the channel's name, or null when it stays where it is.
 */
export async function advanceOwnChannel(
  transaction: StoreTransaction,
  plugin: string,
  version: string,
): Promise<string | null> {
  const name = ownChannel(version);
  const current = await channelVersion(transaction, plugin, name);
  if (current !== undefined && semver.lte(version, current)) return null;
  await pointChannel(transaction, plugin, name, version);
  return name;
}

async function channelVersion(transaction: StoreTransaction, plugin: string, name: string) {
  const row = await transaction
    .selectFrom("channel")
    .select("version")
    .where("plugin_id", "=", plugin)
    .where("name", "=", name)
    .executeTakeFirst();
  return row?.version;
}

/** Moves every channel that points at a version which is no longer to be chosen. */
export async function leaveVersion(
  transaction: StoreTransaction,
  plugin: string,
  version: string,
): Promise<void> {
  const channels = await transaction
    .selectFrom("channel")
    .select("name")
    .where("plugin_id", "=", plugin)
    .where("version", "=", version)
    .execute();
  if (channels.length === 0) return;
  const versions = await transaction
    .selectFrom("version")
    .select("version")
    .where("plugin_id", "=", plugin)
    .where("state", "=", "published")
    .execute();
  const next = replacement(
    version,
    versions.map((row) => row.version).filter((candidate) => candidate !== version),
  );
  for (const { name } of channels) await pointChannel(transaction, plugin, name, next);
}

/**
 * What to offer instead of a withdrawn version: the highest of its own kind (stable, or the same prerelease
 * identifier), for a prerelease else the highest stable one. Nobody is moved from a stable version to a prerelease.
 */
export function replacement(withdrawn: string, published: readonly string[]): string | null {
  const highest = (kind: string) =>
    semver.rsort(published.filter((version) => ownChannel(version) === kind))[0];
  return highest(ownChannel(withdrawn)) ?? highest("latest") ?? null;
}
