import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import type { ServerContext } from "../../module.ts";
import type { Operation, PluginRights } from "../permissions.ts";
import { resourceOf } from "../plugins/changes.ts";
import type { Plugins } from "../plugins/plugins.ts";
import type { PluginProperties } from "../properties/properties.ts";
import { errorResponse } from "./errors.ts";
import { operation, pluginParams } from "./schemas.ts";

const idSchema = z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/, "1 to 64 letters, digits and _ . -");
const propertySchema = z.object({
  property: idSchema,
  value: z.unknown().refine((value): boolean => value !== undefined, "is required"),
});
const valueSchema = z.object({
  value: z.unknown().refine((value): boolean => value !== undefined, "is required"),
});
const propertyParams = pluginParams.extend({ property: idSchema });
const noContent = z.null().meta({ description: "done" });

export interface PropertyRouteParts {
  context: Pick<ServerContext, "audit" | "events">;
  plugins: Plugins;
  properties: PluginProperties;
  rights: PluginRights;
}

type Owner = z.output<typeof pluginParams>;

/** What a plugin keeps on the platform; the user's own settings of it are the property `settings`. */
export function propertyRoutes(app: FastifyInstance, parts: PropertyRouteParts): void {
  const { context, plugins, properties, rights } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const all = "/v1/users/:user/plugins/:plugin/properties";
  const one = `${all}/:property`;

  async function admit(request: FastifyRequest, name: Operation, owner: Owner) {
    const actor = await rights.authorize(request, name, owner);
    await plugins.registered(owner);
    return actor;
  }

  /** Runs a change and notes it; values may be secrets and are not part of it. */
  async function change<Result>(
    request: FastifyRequest,
    { name, action, owner, property }: { name: Operation; action: string; owner: Owner; property: string },
    run: () => Promise<Result>,
  ): Promise<Result> {
    const actor = await admit(request, name, owner);
    const result = await run();
    const entry = {
      actor,
      action,
      resource: resourceOf(owner),
      outcome: "ok" as const,
      detail: { property },
    };
    await context.audit.record({ ...entry, ...originOf(request) });
    context.events.publish({ type: action, resource: entry.resource, data: { property } });
    return result;
  }

  typed.route({
    method: "GET",
    url: all,
    schema: {
      ...operation("ListPluginProperties"),
      summary: "List a plugin's properties",
      params: pluginParams,
      response: { 200: z.array(propertySchema), ...errorResponse },
    },
    async handler(request) {
      await admit(request, "ListPluginProperties", request.params);
      return properties.list(request.params);
    },
  });

  typed.route({
    method: "POST",
    url: all,
    schema: {
      ...operation("CreatePluginProperty"),
      summary: "Create one property, or several at once",
      params: pluginParams,
      body: z.union([propertySchema, z.array(propertySchema).min(1).max(100)]),
      response: { 200: z.array(propertySchema), ...errorResponse },
    },
    async handler(request) {
      const { params: owner } = request;
      const created = [request.body].flat();
      const property = created.map((item) => item.property).join(",");
      await change(
        request,
        { name: "CreatePluginProperty", action: "plugin.property.create", owner, property },
        () => properties.create(owner, created),
      );
      return created;
    },
  });

  typed.route({
    method: "GET",
    url: one,
    schema: {
      ...operation("ReadPluginProperty"),
      summary: "Read a property",
      params: propertyParams,
      response: { 200: propertySchema, ...errorResponse },
    },
    async handler(request) {
      const { property, ...owner } = request.params;
      await admit(request, "ReadPluginProperty", owner);
      return properties.read(owner, property);
    },
  });

  typed.route({
    method: "PUT",
    url: one,
    schema: {
      ...operation("UpdatePluginProperty"),
      summary: "Set a property's value",
      params: propertyParams,
      body: valueSchema,
      response: { 200: propertySchema, ...errorResponse },
    },
    async handler(request) {
      const { property, ...owner } = request.params;
      const { value } = request.body;
      const name = "UpdatePluginProperty";
      await change(request, { name, action: "plugin.property.update", owner, property }, () =>
        properties.put(owner, { property, value }),
      );
      return { property, value };
    },
  });

  typed.route({
    method: "PATCH",
    url: one,
    schema: {
      ...operation("UpdatePluginProperty_patch"),
      summary: "Merge into a property's value (RFC 7396)",
      params: propertyParams,
      body: valueSchema,
      response: { 200: propertySchema, ...errorResponse },
    },
    async handler(request) {
      const { property, ...owner } = request.params;
      const { value } = request.body;
      const name = "UpdatePluginProperty";
      return change(request, { name, action: "plugin.property.update", owner, property }, () =>
        properties.patch(owner, { property, value }),
      );
    },
  });

  typed.route({
    method: "DELETE",
    url: one,
    schema: {
      ...operation("DeletePluginProperty"),
      summary: "Delete a property",
      params: propertyParams,
      response: { 204: noContent, ...errorResponse },
    },
    async handler(request, reply) {
      const { property, ...owner } = request.params;
      const name = "DeletePluginProperty";
      await change(request, { name, action: "plugin.property.delete", owner, property }, () =>
        properties.delete(owner, property),
      );
      return reply.code(204).send(null);
    },
  });

  typed.route({
    method: "GET",
    url: `${one}/clone`,
    schema: {
      ...operation("ClonePluginPropertyConfig"),
      summary: "What a clone of the property would begin with",
      params: propertyParams,
      response: { 200: propertySchema, ...errorResponse },
    },
    async handler(request) {
      const { property, ...owner } = request.params;
      await admit(request, "ClonePluginPropertyConfig", owner);
      return properties.read(owner, property);
    },
  });

  typed.route({
    method: "POST",
    url: `${one}/clone`,
    schema: {
      ...operation("ClonePluginProperty"),
      summary: "Copy a property under another name, with another value if one is given",
      params: propertyParams,
      body: z.object({ property: idSchema, value: z.unknown().optional() }),
      response: { 200: propertySchema, ...errorResponse },
    },
    async handler(request) {
      const { property: source, ...owner } = request.params;
      const { property, value } = request.body;
      return change(
        request,
        { name: "ClonePluginProperty", action: "plugin.property.create", owner, property },
        async () => {
          const { value: known } = await properties.read(owner, source);
          const copy = { property, value: value === undefined ? known : value };
          await properties.create(owner, [copy]);
          return copy;
        },
      );
    },
  });
}
