import type { Inspection } from "../../core/capabilities.ts";
import { isPlugctlError } from "../../core/errors.ts";
import type { PluginDetail } from "../../core/plugin.ts";
import type { CatalogueEntry } from "../../engine/catalogue/catalogue.ts";
import { pluginContainer } from "../../engine/containers.ts";
import type { Workshop } from "../../engine/install.ts";
import { toPluginDetail } from "../../engine/map.ts";
import type { Connection } from "../adapter.ts";
import { findEntry } from "./catalogues.ts";

/** What is installed, with the pages of its catalogue; else what the catalogue says of an entry. */
export function createInspection(connection: Connection, shop: Workshop): Inspection {
  const hasCatalogues = (connection.container?.catalogues ?? []).length > 0;
  return {
    async info(wanted) {
      const installed = await orUndefined(pluginContainer(shop, wanted.name), ["NOT_FOUND"]);
      if (installed === undefined) {
        if (hasCatalogues) return entryDetail(await findEntry(connection, wanted.name, wanted.version));
        // Says what there is.
        return toPluginDetail(await pluginContainer(shop, wanted.name));
      }
      const detail = toPluginDetail(installed);
      if (wanted.version !== undefined && wanted.version !== detail.version) {
        return entryDetail(await findEntry(connection, wanted.name, wanted.version));
      }
      return hasCatalogues ? { ...detail, ...(await pagesOf(connection, detail)) } : detail;
    },
  };
}

async function entryDetail(found: CatalogueEntry): Promise<PluginDetail> {
  const { name, version, kind, title, description, category, vendor, author, license, deprecated } =
    found.entry;
  return {
    kind: "container",
    ...{ name, version, title, description, category, vendor, author, license, deprecated },
    state: "available",
    nativeState: kind,
    updatedAt: null,
    manifestDigest: found.manifestDigest,
    ...(await pages(found)),
  };
}

/** A catalogue that does not answer, or has the plugin no more, does not keep the rest from being shown. */
async function pagesOf(connection: Connection, { origin }: PluginDetail) {
  const name = /^market:([^@]+)/.exec(String(origin))?.[1];
  if (name === undefined) return {};
  const found = await orUndefined(findEntry(connection, name), [
    "NOT_FOUND",
    "UNAVAILABLE",
    "TIMEOUT",
    "INVALID",
  ]);
  return found === undefined ? {} : pages(found);
}

async function pages(found: CatalogueEntry) {
  const [readme, changelog] = await Promise.all([found.readme(), found.changelog()]);
  return { readme, changelog };
}

async function orUndefined<T>(wanted: Promise<T>, codes: readonly string[]): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (isPlugctlError(error) && codes.includes(error.code)) return undefined;
    throw error;
  }
}
