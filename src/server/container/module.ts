import { join } from "node:path";
import { Gauge } from "prom-client";
import { conflictError } from "../../core/errors.ts";
import { toEntryPlan } from "../../core/marketplace/resources.ts";
import { openCatalogue } from "../../engine/catalogue/open.ts";
import { findContainer } from "../../engine/containers.ts";
import { containerNames } from "../../engine/names.ts";
import { accessLogger } from "../logger.ts";
import type { RunningModule, ServerContext, ServerModule } from "../module.ts";
import { AccessControl } from "./ingress/access.ts";
import { accessRoutes } from "./ingress/access-routes.ts";
import { createPluginAgent } from "./ingress/forward.ts";
import { Gate } from "./ingress/gate.ts";
import { Ingress } from "./ingress/ingress.ts";
import { OpenConnections } from "./ingress/open-connections.ts";
import { createPluginHosts, type PluginHosts } from "./ingress/plugin-hosts.ts";
import type { PublishedPlugins } from "./ingress/published-plugin.ts";
import { HOST_PREFIX, ingressRoutes } from "./ingress/routes.ts";
import { shareRoutes } from "./ingress/share-routes.ts";
import { PluginShares } from "./ingress/shares.ts";
import { VisitorLimit } from "./ingress/visitor-limit.ts";
import { Marketplace } from "./marketplace/marketplace.ts";
import { PublishedEntries } from "./marketplace/publications.ts";
import { marketplaceRoutes } from "./marketplace/routes.ts";
import { PluginRights } from "./permissions.ts";
import { PluginChanges } from "./plugins/changes.ts";
import { EngineAccess } from "./plugins/engine-access.ts";
import { engineAddress } from "./plugins/engine-address.ts";
import { EngineWatch } from "./plugins/engine-events.ts";
import { entryRoutes } from "./plugins/entry-routes.ts";
import { InstalledEntries } from "./plugins/installed-entries.ts";
import { PluginInstaller } from "./plugins/installer.ts";
import { networkAddress } from "./plugins/network-address.ts";
import { platformOf } from "./plugins/platform.ts";
import { Plugins } from "./plugins/plugins.ts";
import { PluginLocator } from "./plugins/reach.ts";
import { PluginRegistry, type RegisteredPlugin } from "./plugins/registry.ts";
import { PluginRevisions } from "./plugins/revisions.ts";
import { Workshops } from "./plugins/workshops.ts";
import { PluginProperties } from "./properties/properties.ts";
import { Proxies } from "./proxies/proxies.ts";
import { clearLeftovers, recoverPlugins } from "./recovery.ts";
import { type ContainerDatabase, type ContainerTables, containerMigrations } from "./tables.ts";
import { thingerRoutes } from "./thinger/routes.ts";
import { PluginTokens } from "./tokens/plugin-tokens.ts";

const NAME = "container";
/** Plugins that come or go without the server are noticed after so long. */
const LOOK_MS = 10_000;

/** Plugins as containers: marketplace, lifecycle, Thinger's own API, and the ingress to their web interfaces. */
export const containerModule: ServerModule = {
  name: NAME,
  migrations: containerMigrations,
  start: startContainers,
};

async function startContainers(context: ServerContext): Promise<RunningModule> {
  const { identity, logins, publicUrl, metrics, options, now } = context;
  const log = context.log.child({ module: NAME });
  const hosts =
    options.pluginDomain === undefined ? undefined : createPluginHosts(options.pluginDomain, publicUrl);
  const engine = await openEngine(options.docker);
  await recoverPlugins(engine, log);
  const db: ContainerDatabase = context.database.$extendTables<ContainerTables>();
  const published = new PublishedEntries(db, now);
  const marketplace = new Marketplace([...(await openMarketplaces(context)), published]);
  const entries = new InstalledEntries(db, now);
  const registry = await PluginRegistry.load(db, engine, now);
  const tokens = await PluginTokens.load(db, context);
  const shares = new PluginShares(context.database, now);
  const rights = new PluginRights(
    context,
    (tokenId) => tokens.grantsOf(tokenId),
    (owner, userId) => shares.includes(owner, userId),
  );
  const locator = new PluginLocator({ engine, hostEndpoint: hostEndpoints(entries) });
  const proxies = await Proxies.load({ db, log: log.child({ part: "proxy" }), locate: locate(engine) });
  await clearLeftovers({ engine, entries, tokens, proxies, log });
  const urlOf = (plugin: RegisteredPlugin) => pluginUrl(plugin, hosts, publicUrl);
  const plugins = new Plugins({ engine, entries, registry, urlOf });
  const platform = platformOf(publicUrl);
  const workshops = new Workshops(engine);
  const installer = new PluginInstaller({
    engine,
    workshops,
    marketplace,
    entries,
    registry,
    tokens,
    proxies,
    platform,
    maxPlugins: options.maxPlugins,
  });
  const revisions = new PluginRevisions({ workshops, marketplace, entries, tokens, proxies });
  const changes = new PluginChanges({ context, installer, revisions, plugins, locator });
  const visited: PublishedPlugins = {
    bySlug: (slug) => registry.bySlug(slug),
    byName: (user, name) => registry.byName(user, name),
    reach: (plugin) => locator.reach(plugin),
  };
  const connections = new OpenConnections();
  const gate = new Gate(context, rights, new VisitorLimit(() => now().getTime()));
  const ingress = new Ingress({
    plugins: visited,
    gate,
    connections,
    log: accessLogger(log, { part: "ingress" }),
    now,
  });
  const probing = createPluginAgent();
  const access = new AccessControl({ registry, plugins: visited, connections, agent: probing, urlOf });
  const watch = new EngineWatch({
    engine,
    events: context.events,
    locator,
    log: log.child({ part: "engine" }),
  });
  new Gauge({
    name: "plugctl_container_plugins",
    help: "Plugins that the server knows of",
    registers: [metrics],
    collect() {
      this.set(registry.size);
    },
  });

  return {
    targets: [{ name: "local-container", kind: "container" }],
    ...(hosts === undefined
      ? {}
      : {
          prefixOfHost(name: string) {
            const slug = hosts.slugOf(name);
            return slug === undefined ? undefined : `${HOST_PREFIX}${slug}`;
          },
        }),
    async routes(app) {
      await app.register((scope) =>
        ingressRoutes(scope, { ingress, plugins: visited, logins, hosts, publicUrl }),
      );
      await thingerRoutes(app, {
        context,
        engine,
        plugins,
        changes,
        revisions,
        rights,
        entries,
        marketplace,
        published,
        properties: new PluginProperties(db, now),
        proxies,
      });
      await app.register(
        async (api) => {
          marketplaceRoutes(api, identity, marketplace);
          accessRoutes(api, { context, access, plugins, rights });
          shareRoutes(api, { context, shares, plugins, rights, gate, connections });
          entryRoutes(api, { identity, rights, plugins, entries, marketplace });
        },
        { prefix: "/api/v1" },
      );
    },
    ready: () => engine.check(),
    jobs: [{ name: "container.look", everyMs: LOOK_MS, run: () => registry.look() }],
    counts: async () => ({ containerPlugins: registry.size, proxies: proxies.list().length }),
    async stop() {
      await watch.stop();
      await ingress.close();
      await probing.destroy();
      await proxies.close();
      await engine.close();
    },
  };
}

/** @throws Error with one line that says how to get an engine. */
async function openEngine(docker: string | undefined): Promise<EngineAccess> {
  const address = engineAddress(docker, process.env);
  const engine = new EngineAccess(address, "plugctl");
  try {
    await engine.check();
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function openMarketplaces({ options, dataDir }: ServerContext) {
  const cache = join(dataDir, NAME);
  return Promise.all(
    (options.marketplaces ?? []).map((location) => openCatalogue(location, { cache, cwd: process.cwd() })),
  );
}

function pluginUrl(
  { slug }: RegisteredPlugin,
  hosts: PluginHosts | undefined,
  publicUrl: string | undefined,
): string {
  if (hosts !== undefined) return `${hosts.originOf(slug)}/`;
  // Without a known address it is relative to the one at which the server was asked.
  return `${publicUrl ?? ""}/p/${slug}/`;
}

/** An entry without a container may have its web page at a port that one of its proxies opens. */
function hostEndpoints(entries: InstalledEntries) {
  return async (user: string, name: string) => {
    const installed = await entries.find(user, name);
    if (installed === undefined) return undefined;
    const plan = toEntryPlan(installed.entry, { user, plugin: name, host: "localhost" }).interface;
    return plan?.type === "host" ? plan : undefined;
  };
}

/** Where a proxy finds a plugin's port. */
function locate(engine: EngineAccess) {
  return async ({ user, name }: { user: string; name: string }, port: number, protocol: "tcp" | "udp") => {
    const container = await findContainer(engine.scope(user), containerNames(user, name).current);
    const address =
      container?.State.Status === "running"
        ? networkAddress(container, port, { engine: engine.address, protocol })
        : undefined;
    if (address === undefined) throw conflictError(`the plugin ${name} does not run`);
    return address;
  };
}
