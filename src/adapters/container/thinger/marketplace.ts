import type { CatalogueQuery } from "../../../core/capabilities.ts";
import { isPlugctlError } from "../../../core/errors.ts";
import type { Plugin, PluginDetail } from "../../../core/plugin.ts";
import type { HttpClient } from "../../http/call.ts";
import { path } from "../../http/path.ts";
import { entrySchema, marketplaceSchema } from "./schema.ts";

/** What the server's marketplace offers. */
export async function searchMarketplace(
  http: HttpClient,
  { text, category, vendor }: CatalogueQuery,
): Promise<Plugin[]> {
  const query = { q: text === "" ? undefined : text, category, vendor };
  const { items } = await http.json("GET", "marketplace", { schema: marketplaceSchema, query });
  return items.map(({ kind, ...entry }) => ({
    ...entry,
    description: entry.description ?? null,
    state: "available",
    nativeState: kind,
    updatedAt: null,
  }));
}

/** An entry with its pages; undefined when there is none, or the server has no marketplace to ask. */
export async function findInMarketplace(
  http: HttpClient,
  name: string,
  version?: string,
): Promise<PluginDetail | undefined> {
  try {
    const found = await http.json("GET", path`marketplace/${name}`, {
      schema: entrySchema,
      query: { version },
    });
    const { kind, readme = null, changelog = null, manifest: _, ...entry } = found;
    return {
      ...entry,
      kind: "container",
      description: entry.description ?? null,
      ...{ state: "available", nativeState: kind, updatedAt: null, readme, changelog },
    };
  } catch (error) {
    if (isPlugctlError(error) && ["NOT_FOUND", "INVALID", "FORBIDDEN"].includes(error.code)) return undefined;
    throw error;
  }
}
