import { compareLooseVersions } from "../../../core/deb/loose-version.ts";
import type { PluginId } from "../../../core/deb/package-name.ts";
import type { MarketItem, MarketVersion } from "./document.ts";

/** What is installed here: the version by `namespace/name`, as the plugin's description has it. */
export type InstalledVersions = ReadonlyMap<string, string>;

export interface LocalVersion extends MarketVersion {
  upgradable: boolean;
}

/** A market's item, with what it is to this host. */
export interface LocalItem extends Omit<MarketItem, "versions"> {
  installed_version: string | null;
  versions: LocalVersion[];
}

export const pluginKey = ({ namespace, name }: PluginId) => `${namespace}/${name}`;

/** True when the version is for the Wazo that runs here; without one, all are. */
export function isCompatible(version: MarketVersion, wazoVersion: string | undefined): boolean {
  if (wazoVersion === undefined) return true;
  const { min_wazo_version: min = wazoVersion, max_wazo_version: max = wazoVersion } = version;
  return compareLooseVersions(min, wazoVersion) <= 0 && compareLooseVersions(max, wazoVersion) >= 0;
}

/** Adds the installed version, and which versions would be newer (wazo-plugind spec, section 1.7). */
export function withLocalValues(
  item: MarketItem,
  installed: InstalledVersions,
  wazoVersion: string | undefined,
): LocalItem {
  const present = installed.get(pluginKey(item)) ?? null;
  return {
    ...item,
    installed_version: present,
    versions: item.versions.map((version) => ({
      ...version,
      upgradable:
        isCompatible(version, wazoVersion) &&
        (present === null || compareLooseVersions(present, version.version) < 0),
    })),
  };
}
