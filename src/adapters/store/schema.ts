// Shapes of plugctl's store API as this adapter reads them; members that it does not know are passed over.
// zod's mini flavour, since each command that looks at a target makes them all: it takes a fifth of the time.
import * as z from "zod/mini";

const text = z.nullable(z.string());
const optionalText = z.nullish(z.string());

export const itemsOf = <T extends z.ZodMiniType>(item: T) => z.object({ items: z.array(item) });

export const pluginSchema = z.object({
  id: z.string(),
  provider: z.string(),
  latest: text,
  channels: z.record(z.string(), z.string()),
  description: text,
  displayName: text,
  versions: z.number(),
  updatedAt: z.string(),
  state: z.string(),
});
export type WirePlugin = z.output<typeof pluginSchema>;

export const pluginDetailSchema = z.extend(pluginSchema, {
  license: optionalText,
  author: optionalText,
  homepage: optionalText,
  repository: optionalText,
  category: z.nullish(z.array(z.string())),
  icon: optionalText,
  entryUrl: optionalText,
  integrity: optionalText,
});
export type WirePluginDetail = z.output<typeof pluginDetailSchema>;

export const releaseSchema = z.object({
  plugin: z.string(),
  version: z.string(),
  state: z.string(),
  channels: z.array(z.string()),
  sizeBytes: z.number(),
  files: z.number(),
  treeSha256: z.string(),
  entry: z.string(),
  publishedAt: z.string(),
  publishedBy: z.string(),
  deprecated: text,
});
export type WireRelease = z.output<typeof releaseSchema>;

export const fileSchema = z.object({
  path: z.string(),
  size: z.number(),
  sha256: z.string(),
  integrity: z.string(),
  type: z.string(),
});

/** In the details of a version `files` is the list itself. */
export const releaseDetailSchema = z.extend(releaseSchema, {
  files: z.array(fileSchema),
  entryUrl: optionalText,
  integrity: optionalText,
  externals: z.array(z.string()),
  exports: z.array(z.string()),
  manifest: z.nullish(z.object({ description: optionalText })),
});
export type WireReleaseDetail = z.output<typeof releaseDetailSchema>;

export const publishedSchema = z.object({
  status: z.enum(["published", "unchanged", "dry-run"]),
  plugin: z.string(),
  version: z.string(),
  provider: z.string(),
  channel: text,
  treeSha256: z.string(),
  archiveSha256: z.string(),
  sizeBytes: z.number(),
  entryUrl: z.string(),
  integrity: z.string(),
  files: z.array(fileSchema),
  warnings: z.array(z.string()),
});
export type WirePublished = z.output<typeof publishedSchema>;

/** An element of the Harmonix list (discovery-store spec, 2.2). */
export const discoveredSchema = z.array(
  z.looseObject({ pluginId: z.string(), version: z.string(), pluginUrl: z.string() }),
);

export const whoamiSchema = z.object({
  login: z.string(),
  tokenId: text,
  expiresAt: text,
  roles: z.array(z.object({ role: z.string(), provider: optionalText })),
  permissions: z.array(z.string()),
});

export const signedInSchema = z.object({ accessToken: z.string(), refreshToken: z.string() });

export const issuedTokenSchema = z.object({ token: z.string() });

export const readySchema = z.object({ status: z.string() });

export const statusSchema = z.object({ version: z.string() });
