import type { Comparison } from "../../../core/comparison.ts";
import type { Exportable, ExportedPlugin } from "../../../core/portability.ts";
import { path } from "../../http/path.ts";
import type { ThingerClient } from "./client.ts";
import { toPlugin } from "./map.ts";
import { diffSchema, exportSchema } from "./schema.ts";

/** Of plugctl's own server: Thinger.io's API has no words for either. */
export function createComparison(client: ThingerClient): Comparison {
  return {
    async diff(plugin) {
      const { changes, ...versions } = await client.http.json("GET", path`container/plugins/${plugin}/diff`, {
        schema: diffSchema,
        query: { user: await client.user() },
      });
      return {
        ...versions,
        changes: changes.map(({ path, kind, from = null, to = null }) => ({ path, change: kind, from, to })),
      };
    },
  };
}

export function createPortability(client: ThingerClient): Exportable {
  const describe = async (plugin: string): Promise<ExportedPlugin> => {
    const { origin, kind, ...described } = await client.http.json(
      "GET",
      path`container/plugins/${plugin}/export`,
      { schema: exportSchema, query: { user: await client.user() } },
    );
    return { ...described, source: origin, digest: null, entryKind: kind };
  };
  return {
    async export(names) {
      const wanted = names ?? (await client.list()).map((plugin) => toPlugin(plugin).name).sort();
      return Promise.all(wanted.map(describe));
    },
  };
}
