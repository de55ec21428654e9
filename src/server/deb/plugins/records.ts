import type { PluginId } from "../../../core/deb/package-name.ts";
import type { DebDatabase } from "../tables.ts";
import type { OrderSource } from "../tasks/orders.ts";

/** What an installation came to: the result of its operation. */
export interface InstallResult extends PluginId {
  version: string;
  previousVersion: string | null;
  package: string;
  commit: string | null;
  treeSha256: string | null;
  debSha256: string | null;
  /** False when it was installed already. */
  changed: boolean;
  warnings: string[];
}

/** Where an installed plugin came from. */
export interface PluginRecord extends PluginId {
  version: string;
  package: string;
  origin: OrderSource;
  commit: string | null;
  treeSha256: string | null;
  debSha256: string;
  previousVersion: string | null;
  installedAt: string;
  installedBy: string;
}

/** Writes where a plugin came from, in the transaction of the task that installed it. */
export async function savePlugin(trx: DebDatabase, record: PluginRecord): Promise<void> {
  const { origin, treeSha256, debSha256, previousVersion, installedAt, installedBy, ...same } = record;
  const values = {
    ...same,
    origin: JSON.stringify(origin),
    tree_sha256: treeSha256,
    deb_sha256: debSha256,
    previous_version: previousVersion,
    installed_at: installedAt,
    installed_by: installedBy,
  };
  await trx
    .insertInto("deb_plugin")
    .values(values)
    .onConflict((conflict) => conflict.columns(["namespace", "name"]).doUpdateSet(values))
    .execute();
}

export async function forgetPlugin(trx: DebDatabase, { namespace, name }: PluginId): Promise<void> {
  await trx.deleteFrom("deb_plugin").where("namespace", "=", namespace).where("name", "=", name).execute();
}

export async function listPlugins(db: DebDatabase): Promise<PluginRecord[]> {
  const rows = await db.selectFrom("deb_plugin").selectAll().orderBy("namespace").orderBy("name").execute();
  return rows.map((row) => ({
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    package: row.package,
    origin: JSON.parse(row.origin),
    commit: row.commit,
    treeSha256: row.tree_sha256,
    debSha256: row.deb_sha256,
    previousVersion: row.previous_version,
    installedAt: row.installed_at,
    installedBy: row.installed_by,
  }));
}
