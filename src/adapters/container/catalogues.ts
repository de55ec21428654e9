import type { CatalogueQuery } from "../../core/capabilities.ts";
import { configError, isPlugctlError, notFoundError } from "../../core/errors.ts";
import { searchEntries } from "../../core/marketplace/search.ts";
import type { Plugin } from "../../core/plugin.ts";
import type { Catalogue, CatalogueEntry } from "../../engine/catalogue/catalogue.ts";
import { openCatalogue } from "../../engine/catalogue/open.ts";
import type { Connection } from "../adapter.ts";
import { missingCatalogue } from "./catalogue-hint.ts";

/** The catalogues of a target, in the order in which they are searched. */
async function openCatalogues(connection: Connection): Promise<Catalogue[]> {
  const options = { cache: connection.cacheFolder, cwd: "/" };
  const locations = connection.container?.catalogues ?? [];
  return Promise.all(locations.map((location) => openCatalogue(location, options)));
}

/** @throws CONFIG when the target has no catalogue, NOT_FOUND when none has it. */
export async function findEntry(
  connection: Connection,
  name: string,
  version?: string,
): Promise<CatalogueEntry> {
  const missing = missingCatalogue(connection);
  if (missing !== undefined) throw configError(missing.message, { hint: missing.hint });
  const catalogues = await openCatalogues(connection);
  let notFound: unknown;
  for (const catalogue of catalogues) {
    try {
      return await catalogue.entry(name, version);
    } catch (error) {
      if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
      notFound ??= error;
    }
  }
  if (catalogues.length === 1) throw notFound;
  throw notFoundError(`no catalogue of target "${connection.target}" has ${name}`, { cause: notFound });
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
