import type { FastifyInstance, FastifyReply } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { operationSchema } from "../../events/operation-routes.ts";
import type { OperationRecord } from "../../events/operations.ts";
import { Problem } from "../../http/problem.ts";
import { streamResponse } from "../../http/schemas.ts";
import type { Marketplace } from "../marketplace/marketplace.ts";
import type { PluginRights } from "../permissions.ts";
import type { PluginChanges } from "../plugins/changes.ts";
import type { InstalledEntries } from "../plugins/installed-entries.ts";
import type { Plugins } from "../plugins/plugins.ts";
import type { PluginRevisions } from "../plugins/revisions.ts";
import { settingsInForceSchema, settingsSchema, toSettings } from "../plugins/settings-schema.ts";
import { errorResponse } from "./errors.ts";
import { operation, pluginDetailSchema, pluginParams, pluginSummarySchema, userParams } from "./schemas.ts";

const dryRunSchema = z
  .boolean()
  .default(false)
  .meta({ description: "only say what would be done, as `plan`" });
const stateSchema = z.discriminatedUnion("action", [
  z.strictObject({
    action: z.literal("install"),
    entry: z
      .string()
      .max(128)
      .optional()
      .meta({ description: "name in the marketplace; default: the plugin's" }),
    version: z.string().max(100).optional(),
    image: z.string().max(500).optional().meta({ description: "an image, instead of a marketplace entry" }),
    settings: settingsSchema.optional(),
    start: z.boolean().default(false),
  }),
  z.strictObject({ action: z.literal("upgrade"), version: z.string().max(100).optional() }),
  z.strictObject({
    action: z.literal("settings"),
    settings: settingsSchema,
    dryRun: dryRunSchema,
  }),
  z.strictObject({ action: z.literal("rollback"), dryRun: dryRunSchema }),
  z.strictObject({
    action: z.literal("remove"),
    purge: z.boolean().default(false).meta({ description: "its data as well" }),
  }),
  z.strictObject({ action: z.literal("start") }),
  z.strictObject({
    action: z.enum(["stop", "restart"]),
    timeoutSeconds: z.int().min(0).max(3600).optional(),
  }),
  z.strictObject({
    action: z.literal("kill"),
    signal: z
      .string()
      .regex(/^(?:SIG)?[A-Z0-9+]{1,12}$/)
      .optional(),
  }),
  z.strictObject({ action: z.literal("pause") }),
  z.strictObject({ action: z.literal("resume") }),
]);

const changeSchema = z.looseObject({
  plugin: z.string(),
  state: z.string(),
  nativeState: z.string(),
  changed: z.boolean().meta({ description: "false when it was like that already" }),
});

export interface PluginRouteParts {
  plugins: Plugins;
  changes: PluginChanges;
  revisions: PluginRevisions;
  rights: PluginRights;
  entries: InstalledEntries;
  marketplace: Marketplace;
}

/** Plugins of a user: list, information, state, files. */
export function pluginRoutes(app: FastifyInstance, parts: PluginRouteParts): void {
  const { plugins, changes, revisions, rights, entries, marketplace } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();

  typed.route({
    method: "GET",
    url: "/v1/users/:user/plugins",
    schema: {
      ...operation("ListPlugins"),
      summary: "List a user's plugins",
      params: userParams,
      querystring: z.object({ id: z.string().max(63).optional().meta({ description: "just this one" }) }),
      response: { 200: z.array(pluginSummarySchema), ...errorResponse },
    },
    async handler(request) {
      const { user } = request.params;
      await rights.authorize(request, "ListPlugins", { user });
      const all = await plugins.list(user);
      return all.filter(({ name }) => request.query.id === undefined || name === request.query.id) as never;
    },
  });

  typed.route({
    method: "GET",
    url: "/v1/users/:user/plugins/:plugin",
    schema: {
      ...operation("ReadPluginInfo"),
      summary: "Everything about one plugin",
      params: pluginParams,
      response: { 200: pluginDetailSchema, ...errorResponse },
    },
    async handler(request) {
      await rights.authorize(request, "ReadPluginInfo", request.params);
      return (await plugins.info(request.params)) as never;
    },
  });

  typed.route({
    method: "POST",
    url: "/v1/users/:user/plugins/:plugin",
    schema: {
      ...operation("ManagePluginState"),
      summary: "Install, control, upgrade or remove a plugin",
      description:
        "`install`, `upgrade`, `settings` and `rollback` answer 202 with an operation of `/api/v1/operations`, everything else 200 when it is done.",
      params: pluginParams,
      body: stateSchema,
      response: { 200: changeSchema, 202: operationSchema, ...errorResponse },
    },
    async handler(request, reply) {
      const { params: owner, body } = request;
      const actor = await rights.authorize(request, "ManagePluginState", owner);
      switch (body.action) {
        case "install": {
          const { settings = {}, ...order } = body;
          const record = await changes.install(request, actor, owner, {
            ...order,
            settings: toSettings(settings),
          });
          return accepted(reply, record);
        }
        case "upgrade": {
          const record = await changes.upgrade(request, actor, owner, body.version);
          return accepted(reply, record);
        }
        case "settings": {
          const change = toSettings(body.settings);
          if (body.dryRun) return planned(owner.plugin, await changes.planSet(request, owner, change));
          const record = await changes.set(request, actor, owner, change);
          return accepted(reply, record);
        }
        case "rollback": {
          if (body.dryRun) return planned(owner.plugin, await changes.planRollback(owner));
          const record = await changes.rollback(request, actor, owner);
          return accepted(reply, record);
        }
        case "remove":
          await changes.remove(request, actor, owner, { purge: body.purge });
          return { plugin: owner.plugin, state: "available", nativeState: "removed", changed: true };
        default: {
          const { action, ...options } = body;
          const { name: plugin, ...result } = await changes.act(request, actor, owner, action, options);
          return { plugin, ...result };
        }
      }
    },
  });

  typed.route({
    method: "GET",
    url: "/v1/users/:user/plugins/:plugin/settings",
    schema: {
      ...operation("ReadPluginSettings"),
      summary: "Settings that are in force; values of what looks like a secret are hidden",
      params: pluginParams,
      response: { 200: settingsInForceSchema, ...errorResponse },
    },
    async handler(request) {
      await rights.authorize(request, "ReadPluginInfo", request.params);
      return revisions.settings(request.params);
    },
  });

  app.route({
    method: "GET",
    url: "/v1/users/:user/plugins/:plugin/files/*",
    schema: {
      ...operation("ReadPluginFiles"),
      summary: "A file around the plugin's description: read-me, interface module, image",
      params: pluginParams.extend({ "*": z.string().max(1000) }),
      response: streamResponse("application/octet-stream", "The file"),
    },
    async handler(request, reply) {
      const { "*": path, ...owner } = request.params as z.output<typeof pluginParams> & { "*": string };
      await rights.authorize(request, "ReadPluginFiles", owner);
      const content = await readFile(owner, path);
      return reply
        .type(contentType(path))
        .header("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
        .send(content);
    },
  });

  async function readFile(owner: { user: string; plugin: string }, path: string): Promise<Buffer> {
    const installed = await entries.find(owner.user, owner.plugin);
    if (installed === undefined) throw new Problem(404, "not_found", `${owner.plugin} has no files here`);
    const { found } = await marketplace.entry(installed.entry.name, installed.version);
    return Buffer.from(await found.asset(path));
  }
}

/** Goes on after the answer. */
const accepted = (reply: FastifyReply, record: OperationRecord) =>
  reply.code(202).header("location", `/api/v1/operations/${record.id}`).send(record);

/** What would be done, in the shape of what is done. */
const planned = <Outcome extends { state: string }>(plugin: string, outcome: Outcome) => ({
  ...outcome,
  ...{ plugin, nativeState: outcome.state, changed: false },
});

/** What a browser may show or load as a module; the policy above keeps it from running as a page. */
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  md: "text/markdown; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webp: "image/webp",
};

const contentType = (path: string) =>
  TYPES[/\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? ""] ?? "application/octet-stream";
