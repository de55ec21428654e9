import type { Catalogue, CatalogueQuery, Discovery, Inspection, Listing } from "../../core/capabilities.ts";
import type { StoreClient } from "./client.ts";
import { toPlugin, toPluginDetail, toVersionDetail } from "./map.ts";

/** Everything that only looks. */
export function createCatalogue(client: StoreClient): Listing & Inspection & Catalogue & Discovery {
  return {
    list: async () => (await client.plugins()).map(toPlugin),
    search: (query) => search(client, query),
    info: async ({ name, version }) =>
      version === undefined
        ? toPluginDetail(await client.plugin(name))
        : toVersionDetail(await client.release(name, version)),
    discover: (feed) => client.discover(feed),
  };
}

/** A store's list has no categories, so those of what the other criteria leave are asked for one by one. */
async function search(client: StoreClient, { text, category, vendor }: CatalogueQuery) {
  const found = await client.plugins(text === "" ? {} : { q: text });
  const plugins = found
    .filter(({ provider }) => vendor === undefined || same(provider, vendor))
    .map((plugin) => toPlugin(plugin));
  if (category === undefined) return plugins;
  const details = await Promise.all(plugins.map(({ name }) => client.plugin(name)));
  return plugins.filter((_, index) => details[index]?.category?.some((one) => same(one, category)));
}

const same = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();
