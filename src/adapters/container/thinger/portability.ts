import type { Comparison } from "../../../core/comparison.ts";
import { isPlugctlError } from "../../../core/errors.ts";
import type { InstallSource } from "../../../core/installation.ts";
import type { Exportable, ExportedPlugin } from "../../../core/portability.ts";
import { formatSource } from "../../../core/source.ts";
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
        changes: changes.map(({ path, kind, from = null, to = null }) => ({
          ...{ path: dotted(path), change: kind, from, to },
        })),
      };
    },
  };
}

export function createPortability(client: ThingerClient): Exportable {
  return {
    async export(names) {
      const wanted = names ?? (await client.list()).map((plugin) => toPlugin(plugin).name).sort();
      return Promise.all(wanted.map((name) => describe(client, name)));
    },
  };
}

async function describe(client: ThingerClient, plugin: string): Promise<ExportedPlugin> {
  try {
    const described = await client.http.json("GET", path`container/plugins/${plugin}/export`, {
      schema: exportSchema,
      query: { user: await client.user() },
    });
    const { name, version, kind, manifest, installedAt } = described;
    const source: InstallSource = { type: "market", name: manifest.name, version };
    return {
      ...{ name, version, source: formatSource(source), digest: null },
      ...{ entryKind: kind, installedAt, manifest },
    };
  } catch (error) {
    if (!isPlugctlError(error) || error.code !== "CONFLICT") throw error;
    // It has no entry: an image alone.
    const { name, version, origin, imageDigest } = toPlugin(await client.info(plugin));
    if (typeof origin !== "string") throw error;
    return { name, version, source: origin, digest: typeof imageDigest === "string" ? imageDigest : null };
  }
}

/** A JSON Pointer (RFC 6901) as paths are written here. */
const dotted = (pointer: string) =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(".");
