// Shapes of what plugctl's server adds to wazo-plugind's API; members that are not known here are kept.
import * as z from "zod/mini";

const text = z.nullish(z.string());

export const itemsOf = <T extends z.ZodMiniType>(item: T) => z.object({ items: z.array(item) });

/** A source as requests and records have it. */
export const sourceSchema = z.union([
  z.object({ type: z.literal("git"), url: z.string(), ref: text, directory: text }),
  z.object({ type: z.literal("market"), namespace: z.string(), name: z.string(), version: text }),
  z.looseObject({ type: z.string() }),
]);
export type WireSource = z.output<typeof sourceSchema>;

export const pluginSchema = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
  /** dpkg's words. */
  status: z.string(),
  package: z.string(),
  installedAt: text,
  origin: z.nullish(sourceSchema),
  commit: text,
  treeSha256: text,
  debSha256: text,
  previousVersion: text,
  description: text,
});
export type WireServerPlugin = z.output<typeof pluginSchema>;

export const planSchema = z.object({
  plugin: z.nullish(z.object({ namespace: z.string(), name: z.string(), version: text })),
  steps: z.array(z.string()),
  install: z.array(z.object({ package: z.string(), version: z.string(), from: text, plugin: z.boolean() })),
  remove: z.array(z.object({ package: z.string(), version: z.string(), plugin: z.boolean() })),
  warnings: z.array(z.string()),
});
export type WirePlan = z.output<typeof planSchema>;

export const taskSchema = z.object({ id: z.string() });

/** What an operation of the kind came to. */
export const resultSchema = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  version: text,
  previousVersion: text,
  changed: z.boolean(),
  warnings: z._default(z.array(z.string()), []),
});

/** What a build came to; `upload` is where the package can be fetched. */
export const buildSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
  package: z.string(),
  architecture: z.string(),
  treeSha256: z.string(),
  debSha256: z.string(),
  sizeBytes: z.number(),
  warnings: z.array(z.string()),
  upload: z.string(),
});

export const uploadSchema = z.object({
  id: z.string(),
  kind: z.enum(["archive", "package"]),
  sha256: z.string(),
  sizeBytes: z.number(),
});

export const historySchema = z.object({
  id: z.string(),
  action: z.string(),
  at: z.string(),
  actor: text,
  version: text,
  previousVersion: text,
  state: z.string(),
  error: z.nullish(z.unknown()),
});

export const verifySchema = z.object({
  ok: z.boolean(),
  problems: z.array(z.object({ path: z.string(), problem: z.string() })),
});

export const outdatedSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: text,
  latest: text,
  commit: text,
  problem: text,
});

export const lockSchema = z.object({
  version: z.literal(1),
  plugins: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      version: z.string(),
      source: z.nullish(sourceSchema),
      commit: text,
      treeSha256: text,
      debSha256: text,
    }),
  ),
});
export type WireLocked = z.output<typeof lockSchema>["plugins"][number];
