import { z } from "zod";
import { timeSchema } from "../../http/schemas.ts";

const text = (max: number) => z.string().min(1).max(max);

export const pluginParams = z.object({
  namespace: z.string().regex(/^[a-z0-9]+$/, "lower-case letters and digits"),
  name: z.string().regex(/^[a-z0-9-]+$/, "lower-case letters, digits and -"),
});

const gitSourceSchema = z.strictObject({
  type: z.literal("git"),
  url: text(2_000),
  ref: text(200).optional().meta({ description: "branch, tag or commit; default: master, else HEAD" }),
  directory: text(500).optional().meta({ description: "folder of the plugin within the repository" }),
});
const uploadSourceSchema = z.strictObject({ type: z.literal("upload"), id: z.uuid() });

const sourceSchema = z.discriminatedUnion("type", [
  gitSourceSchema,
  z.strictObject({
    type: z.literal("market"),
    ...pluginParams.shape,
    version: text(100).optional().meta({ description: "default: the newest that fits" }),
  }),
  uploadSourceSchema,
]);

export const orderSchema = z.discriminatedUnion("action", [
  z.strictObject({
    action: z.literal("install"),
    source: sourceSchema,
    reinstall: z.boolean().default(false),
    allowDowngrade: z.boolean().default(false),
  }),
  z.strictObject({
    action: z.literal("remove"),
    ...pluginParams.shape,
    purge: z.boolean().default(false),
    removeDependents: z.boolean().default(false).meta({ description: "plugins that need it as well" }),
  }),
  z.strictObject({ action: z.literal("rollback"), ...pluginParams.shape }),
]);

export const buildSchema = z.strictObject({
  source: z.discriminatedUnion("type", [gitSourceSchema, uploadSourceSchema]),
});

const packageChangeSchema = z.object({
  package: z.string(),
  version: z.string(),
  from: z.string().nullable().meta({ description: "what is there now; null = it is new" }),
  plugin: z.boolean().meta({ description: "false for what apt adds" }),
  sizeBytes: z.int().nullable(),
});

export const planSchema = z.object({
  plugin: z.object({ namespace: z.string(), name: z.string(), version: z.string() }).nullable(),
  steps: z.array(z.string()),
  install: z.array(packageChangeSchema),
  remove: z.array(z.object({ package: z.string(), version: z.string(), plugin: z.boolean() })),
  warnings: z.array(z.string()),
});

export const uploadSchema = z.object({
  id: z.uuid(),
  kind: z.enum(["archive", "package"]),
  sha256: z.string(),
  sizeBytes: z.int(),
});

export const pluginSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
  status: z.string().meta({ description: "dpkg's word: installed, half-configured …" }),
  package: z.string(),
  installedAt: timeSchema.nullable(),
  origin: z.looseObject({ type: z.string() }).nullable(),
  commit: z.string().nullable(),
  treeSha256: z.string().nullable(),
  debSha256: z.string().nullable(),
  previousVersion: z.string().nullable(),
  description: z.string().nullable(),
});

export const historySchema = z.object({
  id: z.uuid(),
  action: z.string(),
  at: timeSchema,
  actor: z.string(),
  version: z.string().nullable(),
  previousVersion: z.string().nullable(),
  state: z.enum(["running", "succeeded", "failed"]),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
});

export const verifySchema = z.object({
  ok: z.boolean(),
  problems: z.array(z.object({ path: z.string(), problem: z.string() })),
});

export const outdatedSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
  latest: z.string().nullable().meta({ description: "newer version in the market" }),
  commit: z.string().nullable().meta({ description: "where the branch or tag leads that it came from" }),
  problem: z.string().nullable().meta({ description: "why it is not known whether there is anything newer" }),
});

export const lockSchema = z.object({
  version: z.literal(1),
  plugins: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      version: z.string(),
      source: z.looseObject({ type: z.string() }),
      commit: z.string().nullable(),
      treeSha256: z.string().nullable(),
      debSha256: z.string(),
    }),
  ),
});
