import { METHODS } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { baseUrl } from "../../http/base-url.ts";
import { hostName } from "../../http/hosts.ts";
import { Problem } from "../../http/problem.ts";
import type { Logins } from "../../identity/logins.ts";
import type { Ingress, Visit } from "./ingress.ts";
import { LOGIN_PATH, loginRoutes, redeemTicket, TICKET_PATH } from "./login-routes.ts";
import { sendFailure, wantsPage } from "./pages.ts";
import type { PluginHosts } from "./plugin-hosts.ts";
import type { PublishedPlugin, PublishedPlugins } from "./published-plugin.ts";
import { SessionTickets } from "./session-tickets.ts";

/** Where the application's router finds requests for the host names of plugins; no request can name it. */
export const HOST_PREFIX = "/.plugin-host/";

/** Every method that HTTP parsers know but those that are for proxies themselves. */
const PROXIED_METHODS = METHODS.filter((method) => method !== "CONNECT" && method !== "TRACE");

export interface IngressRouteParts {
  ingress: Ingress;
  plugins: PublishedPlugins;
  logins: Logins;
  hosts: PluginHosts | undefined;
  publicUrl: string | undefined;
}

const noSuchPlugin = (name: string) => new Problem(404, "plugin_not_found", `there is no plugin "${name}"`);

/** `/p/<slug>/…`, `/users/<user>/plugins/<plugin>/…`, the host names of plugins, and the login of browsers. */
export async function ingressRoutes(app: FastifyInstance, parts: IngressRouteParts): Promise<void> {
  const { ingress, plugins, logins, hosts, publicUrl } = parts;
  const tickets = new SessionTickets();
  const originOf = (request: FastifyRequest) =>
    publicUrl === undefined ? baseUrl(request, undefined) : new URL(publicUrl).origin;
  await app.register((scope) => loginRoutes(scope, { logins, hosts, tickets, originOf }));

  await app.register(async (scope) => {
    // Bodies are passed on as they come.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    for (const method of PROXIED_METHODS) {
      if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method, { hasBody: true });
    }
    scope.setErrorHandler(async (error, request, reply) => {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "auth_required" && request.method === "GET" && wantsPage(request)) {
        return reply.header("cache-control", "no-store").redirect(loginUrl(request), 302);
      }
      return sendFailure(request, reply, error);
    });

    const proxied = (url: string, find: (request: FastifyRequest) => Promise<Visit | string>) =>
      scope.route({
        method: PROXIED_METHODS,
        url,
        schema: { hide: true },
        async handler(request, reply) {
          const found = await find(request);
          return typeof found === "string"
            ? reply.redirect(found, 308)
            : ingress.serve(request, reply, found);
        },
      });

    for (const url of ["/p/:slug", "/p/:slug/*"]) {
      proxied(url, async (request) => {
        const { slug } = request.params as { slug: string };
        const plugin = await plugins.bySlug(slug);
        if (plugin === undefined) throw noSuchPlugin(slug);
        const found = toVisit(request, plugin, 2);
        const reach = await plugins.reach(plugin);
        if (typeof found === "string" || reach.state !== "running" || reach.rewriteBasePath) return found;
        // It makes links with its whole path, so it is visited there.
        return `/users/${encodeURIComponent(plugin.user)}/plugins/${encodeURIComponent(plugin.name)}${found.innerPath}`;
      });
    }
    for (const url of ["/users/:user/plugins/:plugin", "/users/:user/plugins/:plugin/*"]) {
      proxied(url, async (request) => {
        const { user, plugin: name } = request.params as { user: string; plugin: string };
        const plugin = await plugins.byName(user, name);
        if (plugin === undefined) throw noSuchPlugin(name);
        return toVisit(request, plugin, 4);
      });
    }
    if (hosts === undefined) return;
    for (const url of [`${HOST_PREFIX}:slug`, `${HOST_PREFIX}:slug/*`]) {
      proxied(url, async (request) => {
        const { slug } = request.params as { slug: string };
        // The prefix is the server's own word for a host name, not an address.
        if (hosts.slugOf(hostName(request.headers.host ?? "") ?? "") !== slug) throw noSuchPlugin(slug);
        const plugin = await plugins.bySlug(slug);
        if (plugin === undefined) throw noSuchPlugin(slug);
        const path = request.originalUrl;
        return {
          plugin,
          address: { prefix: "", origin: hosts.originOf(slug) },
          publicPath: path,
          innerPath: path,
        };
      });
    }
    scope.route({
      method: "GET",
      url: `${HOST_PREFIX}:slug${TICKET_PATH}`,
      schema: { hide: true },
      async handler(request, reply) {
        const { slug } = request.params as { slug: string };
        if (hosts.slugOf(hostName(request.headers.host ?? "") ?? "") !== slug) throw noSuchPlugin(slug);
        return redeemTicket(request, reply, { slug, origin: hosts.originOf(slug), tickets });
      },
    });
  });

  /** The visit, or the address with a slash at its end to go to first: relative links need it. */
  function toVisit(request: FastifyRequest, plugin: PublishedPlugin, segments: number): Visit | string {
    const { originalUrl } = request;
    const at = endOfSegment(originalUrl, segments);
    const prefix = originalUrl.slice(0, at);
    if (originalUrl[at] !== "/") return `${prefix}/${originalUrl.slice(at)}`;
    return {
      plugin,
      address: { prefix, origin: originOf(request) },
      publicPath: originalUrl,
      innerPath: originalUrl.slice(at),
    };
  }

  function loginUrl(request: FastifyRequest): string {
    const slug = hosts?.slugOf(hostName(request.headers.host ?? "") ?? "");
    const wanted = slug === undefined ? "" : (hosts?.originOf(slug) ?? "");
    const main = slug === undefined ? "" : (hosts?.mainOrigin ?? "");
    return `${main}${LOGIN_PATH}?${new URLSearchParams({ return: `${wanted}${request.originalUrl}` })}`;
  }
}

/** Where the path's n-th segment ends, in the form in which it was sent. */
function endOfSegment(url: string, count: number): number {
  const query = url.indexOf("?");
  const length = query < 0 ? url.length : query;
  let at = 0;
  for (let segment = 0; segment < count; segment++) {
    const next = url.indexOf("/", at + 1);
    at = next < 0 || next > length ? length : next;
  }
  return at;
}
