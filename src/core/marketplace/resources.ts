import { invalidError } from "../errors.ts";
import type { Entry } from "./entry.ts";
import { relativePath } from "./location.ts";
import type {
  EntryPlan,
  PlanContext,
  PlannedInterface,
  PlannedProxy,
  PlannedResources,
  PlannedToken,
  TokenGrants,
} from "./plan.ts";
import type { ProxyItem } from "./schema.ts";
import { Expander, installedName, platformVariables, tokenVariable } from "./variables.ts";
import { entryWarnings } from "./warnings.ts";

/**
 * Everything of an entry but its container: all there is to install of a product or of resources only.
 * @throws INVALID for a proxy without the target that its type needs, or an interface file outside the entry's folder.
 */
export function toEntryPlan(entry: Entry, context: PlanContext): EntryPlan {
  const warnings = entryWarnings(entry);
  const tokens = plannedTokens(entry, context);
  const expander = new Expander(platformVariables(entry, tokens, context), warnings);
  const resources = plannedResources(entry, context, expander);
  return {
    plugin: installedName(entry, context),
    entry: entry.name,
    version: entry.version,
    interface: plannedInterface(entry, context, resources.proxies, warnings),
    tokens,
    resources,
    deprecated: entry.deprecated,
    warnings,
  };
}

/** Tokens that a plugin needs: to be issued before its plan is made. */
export function plannedTokens(entry: Entry, context: Pick<PlanContext, "plugin">): PlannedToken[] {
  const plugin = context.plugin ?? entry.name;
  return Object.entries(entry.file.tokens ?? {}).map(([id, token]) => ({
    id,
    name: token.name ?? id,
    allow: grants(token.allow ?? {}, entry.name, plugin),
    variable: tokenVariable(id),
  }));
}

/** What an entry grants to its own name is granted to the name it is installed under. */
function grants(
  allow: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>,
  entryName: string,
  plugin: string,
): TokenGrants {
  return Object.fromEntries(
    Object.entries(allow).map(([type, byId]) => [
      type,
      Object.fromEntries(
        Object.entries(byId).map(([id, actions]) => [
          type === "Plugin" && id === entryName ? plugin : id,
          actions === "*" ? ("*" as const) : [actions].flat(),
        ]),
      ),
    ]),
  );
}

function plannedResources(entry: Entry, context: PlanContext, expander: Expander): PlannedResources {
  const { products = [], proxies = [], storages = [] } = entry.file.resources ?? {};
  return {
    products: products.map((data) => {
      const id = String(data.product);
      return { id, name: typeof data.name === "string" ? data.name : id, data };
    }),
    proxies: proxies.map((item, index) =>
      plannedProxy(item, `resources.proxies[${index}]`, entry, context, expander),
    ),
    storages: storages.map((item) => ({
      id: item.storage,
      name: item.name ?? item.storage,
      description: item.description ?? null,
      public: item.public ?? false,
    })),
  };
}

function plannedProxy(
  item: ProxyItem,
  path: string,
  entry: Entry,
  context: PlanContext,
  expander: Expander,
): PlannedProxy {
  const { source, target, protocol } = item.config;
  const text = (value: string, member: string) =>
    expander.expand(value, `${path}.config.target.${member}`).text;
  const side = { port: target.port, secure: target.secure ?? false };
  const common = {
    id: item.proxy,
    name: item.name ?? item.proxy,
    description: item.description ?? null,
    enabled: item.enabled ?? true,
    protocol,
    source: { port: source.port, secure: source.secure ?? false },
  };
  if (target.type === "address") {
    if (target.address === undefined) throw invalidError(`${path}.config.target needs an address`);
    return { ...common, target: { type: "address", address: text(target.address, "address"), ...side } };
  }
  if (target.plugin === undefined) throw invalidError(`${path}.config.target needs a plugin`);
  // Descriptions write `plugin: {name, user}`, the platform's API `plugin` and `user` side by side.
  const { name, user = target.user } =
    typeof target.plugin === "string" ? { name: target.plugin, user: target.user } : target.plugin;
  const plugin = text(name, "plugin");
  return {
    ...common,
    target: {
      type: "plugin",
      plugin: plugin === entry.name ? installedName(entry, context) : plugin,
      user: user === undefined ? context.user : text(user, "user"),
      ...side,
    },
  };
}

function plannedInterface(
  entry: Entry,
  context: PlanContext,
  proxies: readonly PlannedProxy[],
  warnings: string[],
): PlannedInterface | null {
  const { proxy_to: proxy, file } = entry.file.interface?.main ?? {};
  if (proxy !== undefined) {
    if (file !== undefined) warnings.push("interface.main.file has no effect beside proxy_to");
    const { port, rewrite_base_path: rewriteBasePath = true } = proxy;
    const opened = proxies.some(({ source }) => source.port === port);
    if (proxy.plugin === undefined && (opened || entry.file.task === undefined)) {
      if (!opened) warnings.push(`interface.main.proxy_to: no proxy of the entry opens port ${port}`);
      return { type: "host", port, rewriteBasePath };
    }
    const plugin = proxy.plugin ?? entry.name;
    const own = plugin === entry.name;
    return { type: "plugin", plugin: own ? installedName(entry, context) : plugin, port, rewriteBasePath };
  }
  if (file === undefined) return null;
  const path = relativePath(file);
  if (path === null) throw invalidError(`interface.main.file "${file.slice(0, 300)}" leads out of the entry`);
  return { type: "file", file: path };
}
