import type { CatalogueQuery } from "../../core/capabilities.ts";
import { configError, isPlugctlError, notFoundError } from "../../core/errors.ts";
import { searchEntries } from "../../core/marketplace/search.ts";
import type { Plugin } from "../../core/plugin.ts";
import type { Catalogue, CatalogueEntry } from "../../engine/catalogue/catalogue.ts";
import { openCatalogue } from "../../engine/catalogue/open.ts";
import type { Connection } from "../adapter.ts";

/** The catalogues of a target, in the order in which they are searched. @throws CONFIG when it has none. */
export async function openCatalogues(connection: Connection): Promise<Catalogue[]> {
  const locations = connection.container?.catalogues ?? [];
  if (locations.length === 0) {
    throw configError(`target "${connection.target}" has no catalogue`, {
      hint: `"plugctl target add ${connection.target} --overwrite … --catalogue LOCATION" names a folder, git repository or index`,
    });
  }
  const options = { cache: connection.cacheFolder, cwd: "/" };
  return Promise.all(locations.map((location) => openCatalogue(location, options)));
}

/** @throws NOT_FOUND when no catalogue has it. */
export async function findEntry(
  connection: Connection,
  name: string,
  version?: string,
): Promise<CatalogueEntry> {
  const catalogues = await openCatalogues(connection);
  let missing: unknown;
  for (const catalogue of catalogues) {
    try {
      return await catalogue.entry(name, version);
    } catch (error) {
      if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
      missing ??= error;
    }
  }
  if (catalogues.length === 1) throw missing;
  throw notFoundError(`no catalogue of target "${connection.target}" has ${name}`, { cause: missing });
}

/** Entries of all catalogues; where two have a name, the first one's counts. */
export async function search(connection: Connection, query: CatalogueQuery): Promise<Plugin[]> {
  const found = new Map<string, Plugin>();
  for (const catalogue of await openCatalogues(connection)) {
    for (const entry of searchEntries((await catalogue.list()).entries, query)) {
      if (found.has(entry.name)) continue;
      const { name, version, description, kind, title, category, vendor } = entry;
      found.set(name, {
        ...{ name, version, description, title, category, vendor },
        state: "available",
        nativeState: kind,
        updatedAt: null,
        catalogue: catalogue.origin,
      });
    }
  }
  return [...found.values()];
}
