import type { Catalogue, CatalogueQuery, Inspection, Listing, PluginName } from "../../core/capabilities.ts";
import { isPlugctlError, notFoundError } from "../../core/errors.ts";
import type { PluginDetail } from "../../core/plugin.ts";
import type { DebBackend } from "./deb-backend.ts";
import { fromMarket, fromPlugind, fromServer } from "./map.ts";
import { nameOf, pluginIdOf } from "./plugin-id.ts";
import type { WireMarketPlugin } from "./wazo/schema.ts";

/** Everything that only looks. */
export function createCatalogue(backend: DebBackend): Listing & Inspection & Catalogue {
  return {
    async list() {
      const server = await backend.serverIfOurs();
      const plugins =
        server === undefined
          ? (await backend.plugind.plugins()).map(fromPlugind)
          : (await server.plugins()).map(fromServer);
      return plugins.sort((one, other) => one.name.localeCompare(other.name));
    },
    search: async (query) => {
      const found = await backend.plugind.market({ search: query.text });
      return found.filter((item) => fits(item, query)).map(fromMarket);
    },
    info: (plugin) => inspect(backend, plugin),
  };
}

/** What is installed and, when it is not or another version was asked for, what the market says. @throws NOT_FOUND. */
async function inspect(backend: DebBackend, { name, version }: PluginName): Promise<PluginDetail> {
  const installed = await installedPlugin(backend, name);
  if (installed !== undefined && (version === undefined || version === installed.version)) return installed;
  const offered = await offeredPlugin(backend, name, version);
  if (offered !== undefined) return offered;
  throw notFoundError(
    version === undefined
      ? `${name} is neither installed nor in the market of target "${backend.target}"`
      : `the market of target "${backend.target}" has no version ${version} of ${name}`,
  );
}

async function installedPlugin(backend: DebBackend, name: string): Promise<PluginDetail | undefined> {
  const id = pluginIdOf(name);
  try {
    const wire = await backend.plugind.plugin(id);
    const server = await backend.serverIfOurs();
    const known = (await server?.plugins())?.find((plugin) => nameOf(plugin) === name);
    return { ...fromPlugind(wire), ...(known === undefined ? {} : fromServer(known)), kind: "deb" };
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

async function offeredPlugin(
  backend: DebBackend,
  name: string,
  version: string | undefined,
): Promise<PluginDetail | undefined> {
  // The market's own item does not say what fits this host; its list does.
  const item = (await backend.plugind.market()).find((found) => nameOf(found) === name);
  const has = version === undefined || item?.versions?.some((offered) => offered.version === version);
  if (item === undefined || !has) return undefined;
  return { ...fromMarket(item), ...(version === undefined ? {} : { version }), kind: "deb" };
}

/** A market has tags for categories, and authors and namespaces for vendors. */
function fits(item: WireMarketPlugin, { category, vendor }: CatalogueQuery): boolean {
  const inCategory = category === undefined || item.tags?.some((tag) => same(tag, category)) === true;
  const byVendor =
    vendor === undefined || same(item.namespace, vendor) || (item.author ? same(item.author, vendor) : false);
  return inCategory && byVendor;
}

const same = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();
