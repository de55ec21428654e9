import type { Plugin, PluginState } from "../../core/plugin.ts";
import type { WireServerPlugin } from "./plugctl/schema.ts";
import { nameOf } from "./plugin-id.ts";
import type { WireMarketPlugin, WirePlugin } from "./wazo/schema.ts";

/** An installed plugin as it describes itself; that it is listed is all that a wazo-plugind says of its state. */
export function fromPlugind({ namespace, name, version, description, ...more }: WirePlugin): Plugin {
  return {
    name: nameOf({ namespace, name }),
    version: version ?? null,
    state: "installed",
    nativeState: "installed",
    description: description ?? null,
    updatedAt: null,
    ...more,
  };
}

/** An installed plugin with what plugctl's server has recorded of it. */
export function fromServer({
  namespace,
  name,
  version,
  status,
  description,
  installedAt,
  ...more
}: WireServerPlugin): Plugin {
  return {
    name: nameOf({ namespace, name }),
    version,
    state: stateOf(status),
    nativeState: status,
    description: description ?? null,
    updatedAt: installedAt ?? null,
    ...more,
  };
}

/** dpkg's words: what is neither whole nor gone needs a hand. */
const stateOf = (status: string): PluginState =>
  status === "installed" ? "installed" : status === "config-files" ? "available" : "failed";

/** An item of the market. Its version is the one that an installation would take. */
export function fromMarket(item: WireMarketPlugin): Plugin {
  const {
    namespace,
    name,
    display_name,
    short_description,
    description,
    installed_version,
    versions = [],
    ...more
  } = item;
  const isInstalled = installed_version !== undefined && installed_version !== null;
  return {
    name: nameOf({ namespace, name }),
    version: newest(item) ?? versions[0]?.version ?? installed_version ?? null,
    state: isInstalled ? "installed" : "available",
    nativeState: isInstalled ? "installed" : "available",
    description: firstLine(short_description ?? description ?? display_name),
    updatedAt: null,
    displayName: display_name ?? null,
    installedVersion: installed_version ?? null,
    upgradable: newest(item) !== undefined,
    versions: versions.map(({ version }) => version),
    ...more,
  };
}

/** The first version that fits the host and is newer than what is there: what a server takes (spec, section 4.7). */
export const newest = ({ versions = [] }: WireMarketPlugin): string | undefined =>
  versions.find(({ upgradable }) => upgradable === true)?.version;

const firstLine = (text: string | null | undefined): string | null => text?.trim().split("\n")[0] || null;
