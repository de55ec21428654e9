import { readYaml } from "../../../core/deb/description-yaml.ts";
import { type PluginId, pluginOfPackage } from "../../../core/deb/package-name.ts";
import { DESCRIPTION_FILE, DESCRIPTION_LIMIT } from "../../../core/deb/read-description.ts";
import { readWithin } from "./files.ts";
import type { InstalledPlugin } from "./installer.ts";
import type { InstalledPackage } from "./package-database.ts";
import { isPlugin } from "./planning.ts";

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
  const path = `usr/lib/wazo-plugind/plugins/${namespace}/${name}/${DESCRIPTION_FILE}`;
  try {
    const text = await readWithin(folder, path, DESCRIPTION_LIMIT);
    const value = text === undefined ? undefined : readYaml(text);
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMapping ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** dpkg counts in KiB. */
const toBytes = (size: string | undefined) => (size === undefined ? undefined : Number(size) * 1024);
