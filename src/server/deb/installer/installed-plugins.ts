import { parse } from "yaml";
import { type PluginId, pluginOfPackage } from "../../../core/deb/package-name.ts";
import { readWithin } from "./files.ts";
import type { InstalledPlugin } from "./installer.ts";
import type { InstalledPackage } from "./package-database.ts";
import { isPlugin } from "./planning.ts";

/** Longer than any description is. */
const MAX_DESCRIPTION_BYTES = 1024 * 1024;

/** The plugins among the packages of a root, in dpkg's order of names. */
export async function installedPlugins(
  packages: readonly InstalledPackage[],
  folder: string,
): Promise<InstalledPlugin[]> {
  const plugins = packages.filter(isPlugin).flatMap((one) => {
    const id = pluginOfPackage(one.name);
    return id === undefined ? [] : [{ one, id }];
  });
  plugins.sort((a, b) => (a.one.name < b.one.name ? -1 : 1));
  return Promise.all(
    plugins.map(async ({ one, id }) => ({
      ...id,
      package: one.name,
      version: one.version,
      status: one.status,
      depends: one.fields.get("Depends") ?? "",
      sizeBytes: toBytes(one.fields.get("Installed-Size")),
      metadata: await readMetadata(folder, id),
    })),
  );
}

/** What the plugin says of itself. One that cannot be read does not hide the others. */
async function readMetadata(
  folder: string,
  { namespace, name }: PluginId,
): Promise<InstalledPlugin["metadata"]> {
  const path = `usr/lib/wazo-plugind/plugins/${namespace}/${name}/wazo/plugin.yml`;
  try {
    const text = await readWithin(folder, path, MAX_DESCRIPTION_BYTES);
    const value = text === undefined ? undefined : parse(text, { version: "1.1", logLevel: "silent" });
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** dpkg counts in KiB. */
const toBytes = (size: string | undefined) => (size === undefined ? undefined : Number(size) * 1024);
