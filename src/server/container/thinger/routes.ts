import type { FastifyInstance } from "fastify";
import type { ServerContext } from "../../module.ts";
import type { Marketplace } from "../marketplace/marketplace.ts";
import type { PublishedEntries } from "../marketplace/publications.ts";
import type { PluginRights } from "../permissions.ts";
import type { PluginChanges } from "../plugins/changes.ts";
import type { EngineAccess } from "../plugins/engine-access.ts";
import type { InstalledEntries } from "../plugins/installed-entries.ts";
import type { Plugins } from "../plugins/plugins.ts";
import type { PluginRevisions } from "../plugins/revisions.ts";
import type { PluginProperties } from "../properties/properties.ts";
import type { Proxies } from "../proxies/proxies.ts";
import { absentRoutes } from "./absent-routes.ts";
import { answerErrors } from "./errors.ts";
import { oauthRoute } from "./oauth-route.ts";
import { pluginRoutes } from "./plugin-routes.ts";
import { propertyRoutes } from "./property-routes.ts";
import { proxyRoutes } from "./proxy-routes.ts";
import { publicationRoute } from "./publication-route.ts";
import { terminalRoutes } from "./terminal-routes.ts";

export interface ThingerRouteParts {
  context: ServerContext;
  engine: EngineAccess;
  plugins: Plugins;
  changes: PluginChanges;
  revisions: PluginRevisions;
  rights: PluginRights;
  entries: InstalledEntries;
  marketplace: Marketplace;
  published: PublishedEntries;
  properties: PluginProperties;
  proxies: Proxies;
}

/** Thinger.io's own plugin API at its own paths (thinger-container spec, section 2.3). */
export async function thingerRoutes(app: FastifyInstance, parts: ThingerRouteParts): Promise<void> {
  await app.register(async (scope) => oauthRoute(scope, parts.context.logins));
  await app.register(async (scope) => {
    answerErrors(scope);
    pluginRoutes(scope, parts);
    propertyRoutes(scope, parts);
    terminalRoutes(scope, parts);
    proxyRoutes(scope, parts);
    publicationRoute(scope, parts.context, parts.published);
    absentRoutes(scope);
  });
}
