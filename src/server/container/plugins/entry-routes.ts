import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { conflictError } from "../../../core/errors.ts";
import { diffJson } from "../../../core/json-diff.ts";
import { problemResponse, timeSchema } from "../../http/schemas.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Marketplace } from "../marketplace/marketplace.ts";
import type { PluginRights } from "../permissions.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";
import type { InstalledEntries, InstalledEntry } from "./installed-entries.ts";
import { ownerOf, ownerParams, ownerQuery } from "./owner-params.ts";
import type { Plugins } from "./plugins.ts";

const manifestSchema = z.record(z.string(), z.unknown());
const exportSchema = z.object({
  name: z.string(),
  version: z.string(),
  kind: z.enum(["container", "product", "resources"]),
  origin: z.string().meta({ description: "the source that it was installed from" }),
  installedAt: timeSchema,
  manifest: manifestSchema.meta({ description: "plugin.json as it was installed" }),
});
const diffSchema = z.object({
  name: z.string(),
  installedVersion: z.string(),
  offeredVersion: z.string(),
  changes: z.array(
    z.object({
      path: z.string().meta({ description: "JSON Pointer (RFC 6901)" }),
      kind: z.enum(["added", "removed", "changed"]),
      from: z.unknown().optional(),
      to: z.unknown().optional(),
    }),
  ),
});

export interface EntryRouteParts {
  identity: Identity;
  rights: PluginRights;
  plugins: Plugins;
  entries: InstalledEntries;
  marketplace: Marketplace;
}

/** `container/plugins/{name}/export` and `…/diff`: the marketplace entry that a plugin was installed from, as data. */
export function entryRoutes(app: FastifyInstance, parts: EntryRouteParts): void {
  const { identity, rights, plugins, entries, marketplace } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["plugins"];

  typed.route({
    method: "GET",
    url: "/container/plugins/:name/export",
    schema: {
      summary: "The marketplace entry of an installed plugin, as it was installed",
      tags,
      params: ownerParams,
      querystring: ownerQuery,
      response: { 200: exportSchema, ...problemResponse },
    },
    async handler(request) {
      const owner = await ownerOf(identity, request, { ...request.params, ...request.query });
      await rights.authorize(request, "ReadPluginInfo", owner);
      const { name, version, origin, installedAt, entry } = await installed(owner);
      return { name, version, kind: entry.kind, origin, installedAt, manifest: entry.file };
    },
  });

  typed.route({
    method: "GET",
    url: "/container/plugins/:name/diff",
    schema: {
      summary: "What differs between an installed plugin's entry and the one that the marketplace offers",
      description: "Members are compared whatever their order, elements of arrays by position.",
      tags,
      params: ownerParams,
      querystring: ownerQuery.extend({
        version: z.string().max(100).optional().meta({ description: "default: the newest" }),
      }),
      response: { 200: diffSchema, ...problemResponse },
    },
    async handler(request) {
      const owner = await ownerOf(identity, request, { ...request.params, ...request.query });
      await rights.authorize(request, "ReadPluginInfo", owner);
      const { name, version, entry } = await installed(owner);
      const { found } = await marketplace.entry(entry.name, request.query.version);
      return {
        name,
        installedVersion: version,
        offeredVersion: found.entry.version,
        changes: diffJson(entry.file, found.entry.file),
      };
    },
  });

  /** @throws NOT_FOUND; CONFLICT for what came from elsewhere than the marketplace of this server. */
  async function installed(owner: PluginOwner): Promise<InstalledEntry> {
    const found = await entries.find(owner.user, owner.plugin);
    if (found !== undefined) return found;
    await plugins.info(owner);
    throw conflictError(`${owner.plugin} was not installed from this server's marketplace: it has no entry`);
  }
}
