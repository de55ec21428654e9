import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { baseUrl } from "../../http/base-url.ts";
import { Problem } from "../../http/problem.ts";
import { problemResponse } from "../../http/schemas.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { cdnPath } from "../catalog/listing.ts";
import type { CatalogEntry } from "../catalog/load.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { channelNames, findVersion, listReleases, toRelease } from "../releases.ts";
import type { StoreDatabase } from "../store-database.ts";
import { addPluginRoute } from "./plugin-address.ts";
import {
  pluginDetailSchema,
  pluginListSchema,
  type pluginSchema,
  releaseListSchema,
  versionSchema,
} from "./schemas.ts";

const listQuery = z.object({
  q: z
    .string()
    .max(200)
    .optional()
    .meta({ description: "words that id, name, description or keywords must contain" }),
  provider: z.string().optional(),
});

export interface ReadRouteParts {
  db: StoreDatabase;
  catalog: Catalog;
  identity: Identity;
  publicUrl: string | undefined;
}

/** What is in the store. */
export function readRoutes(app: FastifyInstance, parts: ReadRouteParts): void {
  const { db, catalog, identity, publicUrl } = parts;

  async function known(request: FastifyRequest, id: string): Promise<CatalogEntry> {
    await identity.authorize(request, "read");
    const entry = catalog.get(id);
    if (entry === undefined) throw new Problem(404, "plugin_not_found", `there is no plugin ${id}`);
    return entry;
  }

  app.get(
    "/plugins",
    {
      schema: {
        tags: ["store"],
        summary: "All plugins, or those that a search finds",
        querystring: listQuery,
        response: { 200: pluginListSchema, ...problemResponse },
      },
    },
    async (request) => {
      await identity.authorize(request, "read");
      const { q = "", provider } = request.query as z.output<typeof listQuery>;
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      const found = catalog.entries.filter(
        (entry) =>
          (provider === undefined || entry.provider === provider) &&
          words.every((word) => entry.searchText.includes(word)),
      );
      return { items: found.map(toItem) };
    },
  );

  addPluginRoute(app, {
    method: "GET",
    path: "",
    schema: {
      tags: ["store"],
      summary: "One plugin",
      response: { 200: pluginDetailSchema, ...problemResponse },
    },
    handler: async (request, { id }) => {
      const entry = await known(request, id);
      return pluginDetail(db, entry, baseUrl(request, publicUrl));
    },
  });

  addPluginRoute(app, {
    method: "GET",
    path: "/versions",
    schema: {
      tags: ["store"],
      summary: "The versions of a plugin, newest first",
      response: { 200: releaseListSchema, ...problemResponse },
    },
    handler: async (request, { id }) => {
      const entry = await known(request, id);
      return { items: await listReleases(db, entry.id) };
    },
  });

  addPluginRoute(app, {
    method: "GET",
    path: "/versions/:version",
    schema: { tags: ["store"], summary: "One version", response: { 200: versionSchema, ...problemResponse } },
    handler: async (request, { id, version }) => {
      const entry = await known(request, id);
      return versionDetail(db, entry.id, version, baseUrl(request, publicUrl));
    },
  });
}

/** The entry without what is only for this server's own use. */
function toItem(entry: CatalogEntry): z.input<typeof pluginSchema> {
  const { shown: _shown, searchText: _searchText, listing: _listing, ...item } = entry;
  return item;
}

async function pluginDetail(
  db: StoreDatabase,
  entry: CatalogEntry,
  origin: string,
): Promise<z.input<typeof pluginDetailSchema>> {
  const shown = entry.shown === null ? undefined : await findVersion(db, entry.id, entry.shown);
  const manifest = shown === undefined ? undefined : (JSON.parse(shown.manifest) as Manifest);
  return {
    ...toItem(entry),
    name: entry.id,
    license: manifest?.license ?? null,
    author: manifest?.author ?? null,
    homepage: manifest?.homepage ?? null,
    repository: manifest?.repository ?? null,
    category: manifest?.plugctl.category ?? [],
    icon: manifest?.plugctl.icon ?? null,
    versionsList: await listReleases(db, entry.id),
    entryUrl: shown === undefined ? null : `${origin}${cdnPath(entry.id, shown.version, shown.entry)}`,
    integrity: shown?.entry_integrity ?? null,
  };
}

async function versionDetail(
  db: StoreDatabase,
  id: string,
  version: string,
  origin: string,
): Promise<z.input<typeof versionSchema>> {
  const row = await findVersion(db, id, version);
  const channels = await channelNames(db, id);
  const files = await db
    .selectFrom("file")
    .select(["path", "size", "sha256", "integrity", "type", "served"])
    .where("plugin_id", "=", id)
    .where("version", "=", version)
    .orderBy("path")
    .execute();
  return {
    ...toRelease(row, channels.get(version) ?? []),
    files: files.map((file) => ({ ...file, served: file.served === 1 })),
    externals: JSON.parse(row.externals),
    exports: JSON.parse(row.exports),
    entryUrl: `${origin}${cdnPath(id, version, row.entry)}`,
    integrity: row.entry_integrity,
    manifest: JSON.parse(row.manifest),
  };
}
