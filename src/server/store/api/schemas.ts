import { z } from "zod";
import { listOf, timeSchema } from "../../http/schemas.ts";

const digest = z.string().meta({ description: "sha256, lower-case hex" });
const integrity = z.string().meta({ description: "SRI, sha384-…" });

export const fileSchema = z.object({
  path: z.string(),
  size: z.int(),
  sha256: digest,
  integrity,
  type: z.string().meta({ description: "media type" }),
  served: z
    .boolean()
    .meta({ description: "whether the CDN offers it; package.json is not offered by default" }),
});

export const publishResultSchema = z.object({
  status: z.enum(["published", "unchanged", "dry-run"]),
  plugin: z.string(),
  version: z.string(),
  provider: z.string(),
  channel: z.string().nullable().meta({ description: "channel that this request pointed at the version" }),
  treeSha256: digest,
  archiveSha256: digest,
  sizeBytes: z.int(),
  entry: z.string(),
  entryUrl: z.string(),
  integrity,
  files: z.array(fileSchema),
  externals: z.array(z.string()),
  exports: z.array(z.string()),
  warnings: z.array(z.string()),
});

export const releaseSchema = z.object({
  plugin: z.string(),
  version: z.string(),
  state: z.enum(["published", "yanked", "purged"]),
  channels: z.array(z.string()),
  sizeBytes: z.int(),
  files: z.int(),
  treeSha256: digest,
  entry: z.string(),
  publishedAt: timeSchema,
  publishedBy: z.string(),
  deprecated: z.string().nullable(),
});

export const versionSchema = releaseSchema.extend({
  files: z.array(fileSchema),
  externals: z.array(z.string()),
  exports: z.array(z.string()),
  entryUrl: z.string(),
  integrity,
  manifest: z.looseObject({}),
});

export const pluginSchema = z.object({
  id: z.string(),
  provider: z.string(),
  latest: z.string().nullable(),
  channels: z.record(z.string(), z.string()),
  description: z.string().nullable(),
  displayName: z.string().nullable(),
  versions: z.int().meta({ description: "number of versions that are not purged" }),
  updatedAt: timeSchema,
  state: z.enum(["available", "withdrawn"]),
});

export const pluginDetailSchema = pluginSchema.extend({
  name: z.string(),
  license: z.string().nullable(),
  author: z.string().nullable(),
  homepage: z.string().nullable(),
  repository: z.string().nullable(),
  category: z.array(z.string()),
  icon: z.string().nullable(),
  versionsList: z.array(releaseSchema),
  entryUrl: z.string().nullable(),
  integrity: z.string().nullable(),
});

export const pluginListSchema = listOf(pluginSchema);
export const releaseListSchema = listOf(releaseSchema);

/** `?dryRun`, `?dryRun=1` and `?dryRun=true` ask for it. */
export const dryRunSchema = z
  .enum(["", "0", "1", "true", "false"])
  .optional()
  .transform((text) => text === "" || text === "1" || text === "true");
