import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { Gate } from "../../src/server/container/ingress/gate.ts";
import { Ingress } from "../../src/server/container/ingress/ingress.ts";
import { OpenConnections } from "../../src/server/container/ingress/open-connections.ts";
import { createPluginHosts } from "../../src/server/container/ingress/plugin-hosts.ts";
import type { PublishedPlugin, Reach } from "../../src/server/container/ingress/published-plugin.ts";
import { HOST_PREFIX, ingressRoutes } from "../../src/server/container/ingress/routes.ts";
import { VisitorLimit } from "../../src/server/container/ingress/visitor-limit.ts";
import { PluginRights } from "../../src/server/container/permissions.ts";
import type { ServerModule } from "../../src/server/module.ts";
import { makeApp, type TestServer } from "./server-context.ts";

export interface IngressServer extends TestServer {
  url: string;
  connections: OpenConnections;
  /** Lines of the access log. */
  visits: Record<string, unknown>[];
  /** What the ingress knows of its one plugin; tests change it. */
  plugin: { -readonly [Key in keyof PublishedPlugin]: PublishedPlugin[Key] };
  reach: { value: Reach };
}

/** A server whose only plugin, `demo` of the user `admin`, is whatever HTTP server the test has at `origin`. */
export async function makeIngress(
  origin: string,
  settings: { publicUrl?: string; domain?: string } = {},
): Promise<IngressServer> {
  const plugin: IngressServer["plugin"] = {
    user: "admin",
    name: "demo",
    slug: "demo",
    access: "public",
    requestsPerSecond: null,
    maxBodyBytes: null,
  };
  const reach: IngressServer["reach"] = {
    value: { state: "running", origin, rewriteBasePath: true, startedAt: null },
  };
  const visits: Record<string, unknown>[] = [];
  const connections = new OpenConnections();
  const module: ServerModule = {
    name: "ingress",
    migrations: {},
    async start(context) {
      const { publicUrl, logins, now } = context;
      const rights = new PluginRights(
        context,
        () => undefined,
        async () => false,
      );
      const gate = new Gate(context, rights, new VisitorLimit(() => now().getTime()));
      const plugins = {
        bySlug: async (slug: string) => (slug === plugin.slug ? plugin : undefined),
        byName: async (user: string, name: string) =>
          user === plugin.user && name === plugin.name ? plugin : undefined,
        reach: async () => reach.value,
      };
      const log = pino({ level: "info" }, { write: (line: string) => visits.push(JSON.parse(line)) });
      const ingress = new Ingress({ plugins, gate, connections, log, now });
      const hosts = settings.domain === undefined ? undefined : createPluginHosts(settings.domain, publicUrl);
      return {
        prefixOfHost(name) {
          const slug = hosts?.slugOf(name);
          return slug === undefined ? undefined : `${HOST_PREFIX}${slug}`;
        },
        routes: (app) => ingressRoutes(app, { ingress, plugins, logins, hosts, publicUrl }),
        stop: () => ingress.close(),
      };
    },
  };
  const server = await makeApp({
    modules: [module],
    ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
  });
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.app.server.address() as AddressInfo;
  return { ...server, url: `http://127.0.0.1:${port}`, connections, visits, plugin, reach };
}
