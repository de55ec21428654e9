import type { Catalogue, Discovery, Inspection, Listing } from "../../core/capabilities.ts";
import type { StoreClient } from "./client.ts";
import { toPlugin, toPluginDetail, toVersionDetail } from "./map.ts";

/** Everything that only looks. */
export function createCatalogue(client: StoreClient): Listing & Inspection & Catalogue & Discovery {
  return {
    list: async () => (await client.plugins()).map(toPlugin),
    search: async ({ text }) => (await client.plugins({ q: text })).map(toPlugin),
    info: async ({ name, version }) =>
      version === undefined
        ? toPluginDetail(await client.plugin(name))
        : toVersionDetail(await client.release(name, version)),
    discover: (feed) => client.discover(feed),
  };
}
