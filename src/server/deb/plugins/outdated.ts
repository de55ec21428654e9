import type { PluginId } from "../../../core/deb/package-name.ts";
import { compareVersions } from "../../../core/deb/version.ts";
import { toPlugctlError } from "../../../core/errors.ts";
import type { InstalledPlugin, PackageInstaller } from "../installer/installer.ts";
import { isCompatible, pluginKey } from "../market/local-values.ts";
import type { Market } from "../market/market.ts";
import { newerCommit } from "../sources/newer-commit.ts";
import type { DebDatabase } from "../tables.ts";
import { Slots } from "../tasks/slots.ts";
import { listPlugins, type PluginRecord } from "./records.ts";

/** Repositories that are asked at the same time, and how long all of them together have, in ms. */
const CONVERSATIONS = 8;
const PATIENCE_MS = 15_000;

export interface OutdatedPlugin extends PluginId {
  version: string;
  /** What the market has newer. */
  latest: string | null;
  /** Where the branch or tag leads now that it was installed from. */
  commit: string | null;
  /** Why it is not known whether there is anything newer. */
  problem: string | null;
}

export interface OutdatedParts {
  db: DebDatabase;
  installer: PackageInstaller;
  market: Market;
  wazoVersion: string | undefined;
}

/** Plugins that the market has in a newer version, or their repository in a newer commit; and those of which that is not known. */
export async function findOutdated(parts: OutdatedParts): Promise<OutdatedPlugin[]> {
  const records = new Map((await listPlugins(parts.db)).map((record) => [pluginKey(record), record]));
  const plugins = await parts.installer.plugins();
  const slots = new Slots(CONVERSATIONS);
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const rows = await Promise.all(
    plugins
      .filter((plugin) => plugin.metadata !== undefined)
      .map(async (plugin) => {
        const found = await stateOf(plugin, records.get(pluginKey(plugin)));
        const { namespace, name, version } = plugin;
        return found && { namespace, name, version, latest: null, commit: null, problem: null, ...found };
      }),
  );
  return rows.filter((row) => row !== undefined);

  /** Undefined when the plugin is up to date. A repository that the market offers is asked no more than the market. */
  async function stateOf(
    plugin: InstalledPlugin,
    record: PluginRecord | undefined,
  ): Promise<Partial<OutdatedPlugin> | undefined> {
    const git = record?.version === plugin.version ? gitOrigin(record) : undefined;
    try {
      const offer = await offered(parts, plugin);
      if (offer.latest !== undefined) return { latest: offer.latest };
      if (git === undefined || offer.urls.includes(git.url)) return undefined;
    } catch (thrown) {
      const { code, message } = toPlugctlError(thrown);
      if (git === undefined || code !== "NOT_FOUND") return { problem: message };
    }
    try {
      const commit = await slots.run(patience, () => newerCommit(git, patience));
      return commit === undefined ? undefined : { commit };
    } catch (error) {
      return { problem: toPlugctlError(error).message };
    }
  }
}

function gitOrigin({ origin, commit }: PluginRecord) {
  return origin.type === "git" && commit !== null ? { url: origin.url, ref: origin.ref, commit } : undefined;
}

/** What the market has: the newest version that fits, if it is newer, and where it takes the plugin from. @throws NOT_FOUND, UNAVAILABLE. */
async function offered({ market, wazoVersion }: OutdatedParts, plugin: PluginId & { version: string }) {
  const { versions } = await market.item(plugin);
  const latest = versions
    .filter((version) => isCompatible(version, wazoVersion))
    .map(({ version }) => version)
    .filter((version) => compareVersions(version, plugin.version) > 0)
    .sort(compareVersions)
    .at(-1);
  const urls = versions.flatMap(({ options }) => (typeof options?.url === "string" ? [options.url] : []));
  return { latest, urls };
}
