import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { toPlugctlError } from "../../../core/errors.ts";
import { originOf } from "../../http/origin.ts";
import { problemResponse } from "../../http/schemas.ts";
import type { ServerContext } from "../../module.ts";
import type { PluginRights } from "../permissions.ts";
import { resourceOf } from "../plugins/changes.ts";
import { ownerOf, ownerParams, ownerQuery } from "../plugins/owner-params.ts";
import type { Plugins } from "../plugins/plugins.ts";
import type { AccessControl } from "./access.ts";

const accessSchema = z.enum(["public", "private"]);
const reportSchema = z.object({
  name: z.string(),
  access: accessSchema,
  url: z.string().nullable(),
  authenticates: z
    .boolean()
    .nullable()
    .meta({ description: "whether it seems to ask for a login by itself; null = could not be told" }),
  warnings: z.array(z.string()),
  requestsPerSecond: z.number().nullable().meta({ description: "limit for each address while it is public" }),
  ended: z.int().meta({ description: "connections that this call ended" }),
});

export interface AccessRouteParts {
  context: Pick<ServerContext, "audit" | "events" | "identity">;
  access: AccessControl;
  plugins: Plugins;
  rights: PluginRights;
}

/** `container/plugins/{name}/access`: who may open a plugin's web interface. */
export function accessRoutes(
  app: FastifyInstance,
  { context, access, plugins, rights }: AccessRouteParts,
): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["plugins"];

  typed.route({
    method: "GET",
    url: "/container/plugins/:name/access",
    schema: {
      summary: "Whether a plugin is public, and whether it seems to have a login of its own",
      tags,
      params: ownerParams,
      querystring: ownerQuery,
      response: { 200: reportSchema, ...problemResponse },
    },
    async handler(request) {
      const owner = await ownerOf(context.identity, request, { ...request.params, ...request.query });
      await rights.authorize(request, "ReadPluginInfo", owner);
      return access.get(await plugins.registered(owner));
    },
  });

  typed.route({
    method: "PUT",
    url: "/container/plugins/:name/access",
    schema: {
      summary: "Open a plugin to everybody, or close it again",
      description:
        "`public` is refused (422 `verification`) when the plugin seems to have no login of its own, unless forced. `private` ends the connections of visitors who did not sign in.",
      tags,
      params: ownerParams,
      querystring: ownerQuery,
      body: z.strictObject({
        access: accessSchema,
        force: z.boolean().default(false),
        requestsPerSecond: z.number().positive().max(1_000_000).nullable().optional(),
      }),
      response: { 200: reportSchema, ...problemResponse },
    },
    async handler(request) {
      const owner = await ownerOf(context.identity, request, { ...request.params, ...request.query });
      const actor = await rights.authorize(request, "ManagePluginState", owner);
      const plugin = await plugins.registered(owner);
      const entry = {
        actor,
        action: `plugin.access.${request.body.access}`,
        resource: resourceOf(owner),
        ...originOf(request),
      };
      const { force } = request.body;
      try {
        const report = await access.set(plugin, request.body);
        const detail = { force, authenticates: report.authenticates, ended: report.ended };
        await context.audit.record({ ...entry, outcome: "ok", detail });
        context.events.publish({ type: entry.action, resource: entry.resource });
        return report;
      } catch (error) {
        const detail = { force, code: toPlugctlError(error).code };
        await context.audit.record({ ...entry, outcome: "failed", detail });
        throw error;
      }
    },
  });
}
