import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import type { Principal } from "../../identity/identity.ts";
import type { ServerContext } from "../../module.ts";
import type { Operation, PluginRights } from "../permissions.ts";
import { type Proxies, proxyReportSchema, proxySchema } from "../proxies/proxies.ts";
import { errorResponse } from "./errors.ts";
import { operation } from "./schemas.ts";

const proxyParams = z.object({ proxy: z.string().regex(/^[a-zA-Z0-9_-]{1,32}$/) });

export interface ProxyRouteParts {
  context: Pick<ServerContext, "audit" | "events" | "identity">;
  proxies: Proxies;
  rights: PluginRights;
}

/** TCP and UDP ports of the server's machine that lead to plugins. */
export function proxyRoutes(app: FastifyInstance, { context, proxies, rights }: ProxyRouteParts): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();

  /** Proxies belong to the machine: whoever changes them is an administrator, and so reaches plugins of anybody. */
  async function admit(request: FastifyRequest, name: Operation): Promise<Principal> {
    const { login } = await context.identity.require(request);
    return rights.authorize(request, name, { user: login });
  }

  async function change<Result>(
    request: FastifyRequest,
    { name, action, proxy }: { name: Operation; action: string; proxy: string },
    run: (actor: Principal) => Promise<Result>,
  ): Promise<Result> {
    const actor = await admit(request, name);
    const result = await run(actor);
    const entry = { actor, action, resource: `proxy:${proxy}`, outcome: "ok" as const };
    await context.audit.record({ ...entry, ...originOf(request) });
    context.events.publish({ type: action, resource: entry.resource });
    return result;
  }

  typed.route({
    method: "GET",
    url: "/v1/proxies",
    schema: {
      ...operation("ListProxies"),
      summary: "List proxies",
      response: { 200: z.array(proxyReportSchema), ...errorResponse },
    },
    async handler(request) {
      await admit(request, "ListProxies");
      return proxies.list();
    },
  });

  typed.route({
    method: "POST",
    url: "/v1/proxies",
    schema: {
      ...operation("CreateProxy"),
      summary: "Open a port",
      body: proxySchema,
      response: { 200: proxyReportSchema, ...errorResponse },
    },
    handler: (request) =>
      change(
        request,
        { name: "CreateProxy", action: "proxy.create", proxy: request.body.proxy },
        ({ login: user }) => proxies.create({ user, plugin: null }, request.body),
      ),
  });

  typed.route({
    method: "GET",
    url: "/v1/proxies/:proxy",
    schema: {
      ...operation("ReadProxy"),
      summary: "One proxy, and whether it is open",
      params: proxyParams,
      response: { 200: proxyReportSchema, ...errorResponse },
    },
    async handler(request) {
      await admit(request, "ReadProxy");
      return proxies.get(request.params.proxy);
    },
  });

  typed.route({
    method: "PUT",
    url: "/v1/proxies/:proxy",
    schema: {
      ...operation("UpdateProxy"),
      summary: "Change a proxy; it is closed and opened anew",
      params: proxyParams,
      body: proxySchema.extend({ proxy: proxySchema.shape.proxy.optional() }),
      response: { 200: proxyReportSchema, ...errorResponse },
    },
    handler(request) {
      const { proxy } = request.params;
      return change(request, { name: "UpdateProxy", action: "proxy.update", proxy }, () =>
        proxies.update(proxy, { ...request.body, proxy }),
      );
    },
  });

  typed.route({
    method: "DELETE",
    url: "/v1/proxies/:proxy",
    schema: {
      ...operation("DeleteProxy"),
      summary: "Close a port and forget the proxy",
      params: proxyParams,
      response: { 204: z.null().meta({ description: "done" }), ...errorResponse },
    },
    async handler(request, reply) {
      const { proxy } = request.params;
      await change(request, { name: "DeleteProxy", action: "proxy.delete", proxy }, () =>
        proxies.delete(proxy),
      );
      return reply.code(204).send(null);
    },
  });
}
