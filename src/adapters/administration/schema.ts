// Shapes of plugctl's administration API as this adapter reads them; members that it does not know are kept.
// zod's mini flavour, since whatever talks to a server makes them all.
import * as z from "zod/mini";

const optionalText = z.nullable(z.string());

export const itemsOf = <T extends z.ZodMiniType>(item: T) => z.object({ items: z.array(item) });

export const userSchema = z.looseObject({
  login: z.string(),
  name: optionalText,
  state: z.string(),
  roles: z.array(z.object({ role: z.string(), provider: z.nullish(z.string()) })),
  createdAt: z.string(),
});

export const roleSchema = z.looseObject({
  id: z.string(),
  description: optionalText,
  permissions: z.array(z.string()),
  builtIn: z.boolean(),
});

export const providerSchema = z.looseObject({
  id: z.string(),
  name: optionalText,
  createdAt: z.string(),
});

export const tokenSchema = z.looseObject({
  id: z.string(),
  user: z.string(),
  note: optionalText,
  scopes: z.array(z.string()),
  resources: z.array(z.string()),
  state: z.string(),
  createdAt: z.string(),
  expiresAt: optionalText,
  lastUsedAt: optionalText,
});

export const issuedTokenSchema = z.extend(tokenSchema, { token: z.string() });

export const sessionSchema = z.object({ accessToken: z.string(), refreshToken: z.string() });

export const auditPageSchema = z.object({
  items: z.array(
    z.looseObject({
      seq: z.number(),
      at: z.string(),
      actor: z.string(),
      action: z.string(),
      resource: z.string(),
      outcome: z.string(),
      ip: optionalText,
    }),
  ),
  next: z.nullable(z.number()),
});

export const verifiedSchema = z.object({
  ok: z.boolean(),
  rows: z.number(),
  brokenAt: z.nullable(z.number()),
});

export const statusSchema = z.looseObject({
  version: z.string(),
  startedAt: z.string(),
  uptimeSeconds: z.number(),
  dataDir: z.string(),
  sizeBytes: z.number(),
  modules: z.record(z.string(), z.unknown()),
  counts: z.record(z.string(), z.number()),
});

export const rotatedSchema = z.object({ kid: z.string() });

export const operationSchema = z.object({
  id: z.string(),
  kind: z.string(),
  resource: z.string(),
  state: z.string(),
  startedAt: z.string(),
  finishedAt: optionalText,
  result: z.unknown(),
  error: z.nullable(
    z.object({
      code: z.string(),
      message: z.string(),
      details: z.optional(z.record(z.string(), z.unknown())),
    }),
  ),
});

export const progressSchema = z.object({
  seq: z.number(),
  at: z.string(),
  phase: z.string(),
  message: z.string(),
  done: z.optional(z.number()),
  total: z.optional(z.number()),
  unit: z.optional(z.enum(["bytes", "files", "items"])),
});

export const eventSchema = z.object({
  id: z.number(),
  at: z.string(),
  type: z.string(),
  resource: z.string(),
  data: z.record(z.string(), z.unknown()),
});
