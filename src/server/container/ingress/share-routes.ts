import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import { listOf, loginSchema, noContent, problemResponse, timeSchema } from "../../http/schemas.ts";
import type { ServerContext } from "../../module.ts";
import type { PluginRights } from "../permissions.ts";
import { resourceOf } from "../plugins/changes.ts";
import { ownerOf, ownerParams, ownerQuery } from "../plugins/owner-params.ts";
import type { Plugins } from "../plugins/plugins.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";
import type { Gate } from "./gate.ts";
import type { OpenConnections } from "./open-connections.ts";
import { pluginKey } from "./published-plugin.ts";
import type { PluginShares } from "./shares.ts";

const shareSchema = z.object({ login: z.string(), sharedAt: timeSchema });
const sharedParams = ownerParams.extend({ login: loginSchema });

export interface ShareRouteParts {
  context: Pick<ServerContext, "audit" | "events" | "identity">;
  shares: PluginShares;
  plugins: Plugins;
  rights: PluginRights;
  gate: Gate;
  connections: OpenConnections;
}

/** `container/plugins/{name}/shares`: who beside its owner may visit a private plugin. */
export function shareRoutes(app: FastifyInstance, parts: ShareRouteParts): void {
  const { context, shares, plugins, rights, gate, connections } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["plugins"];

  typed.route({
    method: "GET",
    url: "/container/plugins/:name/shares",
    schema: {
      summary: "Users with whom a plugin is shared",
      tags,
      params: ownerParams,
      querystring: ownerQuery,
      response: { 200: listOf(shareSchema), ...problemResponse },
    },
    async handler(request) {
      const owner = await ownerOf(context.identity, request, { ...request.params, ...request.query });
      await rights.authorize(request, "ReadPluginInfo", owner);
      await plugins.registered(owner);
      return { items: await shares.list(owner) };
    },
  });

  typed.route({
    method: "PUT",
    url: "/container/plugins/:name/shares/:login",
    schema: {
      summary: "Share a plugin: the user may visit its web interface",
      tags,
      params: sharedParams,
      querystring: ownerQuery,
      response: { 200: shareSchema, ...problemResponse },
    },
    async handler(request) {
      const { login } = request.params;
      const owner = await ownerOf(context.identity, request, { ...request.params, ...request.query });
      return audited(request, owner, { action: "plugin.share", login }, () => shares.grant(owner, login));
    },
  });

  typed.route({
    method: "DELETE",
    url: "/container/plugins/:name/shares/:login",
    schema: {
      summary: "Take a share back; the user's open connections end",
      tags,
      params: sharedParams,
      querystring: ownerQuery,
      response: { 204: noContent, ...problemResponse },
    },
    async handler(request, reply) {
      const { login } = request.params;
      const owner = await ownerOf(context.identity, request, { ...request.params, ...request.query });
      await audited(request, owner, { action: "plugin.unshare", login }, async () => {
        await shares.revoke(owner, login);
        gate.forget();
        connections.endOf(pluginKey({ user: owner.user, name: owner.plugin }), login);
      });
      return reply.code(204).send(null);
    },
  });

  async function audited<Result>(
    request: FastifyRequest,
    owner: PluginOwner,
    { action, login }: { action: string; login: string },
    run: () => Promise<Result>,
  ): Promise<Result> {
    const actor = await rights.authorize(request, "ManagePluginState", owner);
    await plugins.registered(owner);
    const result = await run();
    const resource = resourceOf(owner);
    await context.audit.record({
      actor,
      action,
      resource,
      outcome: "ok",
      detail: { login },
      ...originOf(request),
    });
    context.events.publish({ type: action, resource, data: { login } });
    return result;
  }
}
