// Shapes of plugctl's administration API as this adapter reads them; members that it does not know are kept.
import { z } from "zod";

export const itemsOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

export const userSchema = z.looseObject({
  login: z.string(),
  name: z.string().nullable(),
  state: z.string(),
  roles: z.array(z.object({ role: z.string(), provider: z.string().nullish() })),
  createdAt: z.string(),
});

export const roleSchema = z.looseObject({
  id: z.string(),
  description: z.string().nullable(),
  permissions: z.array(z.string()),
  builtIn: z.boolean(),
});

export const providerSchema = z.looseObject({
  id: z.string(),
  name: z.string().nullable(),
  createdAt: z.string(),
});

export const tokenSchema = z.looseObject({
  id: z.string(),
  user: z.string(),
  note: z.string().nullable(),
  scopes: z.array(z.string()),
  resources: z.array(z.string()),
  state: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});

export const issuedTokenSchema = tokenSchema.extend({ token: z.string() });

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
      ip: z.string().nullable(),
    }),
  ),
  next: z.number().nullable(),
});

export const verifiedSchema = z.object({
  ok: z.boolean(),
  rows: z.number(),
  brokenAt: z.number().nullable(),
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
  finishedAt: z.string().nullable(),
  result: z.unknown(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const progressSchema = z.object({
  seq: z.number(),
  at: z.string(),
  phase: z.string(),
  message: z.string(),
  done: z.number().optional(),
  total: z.number().optional(),
  unit: z.enum(["bytes", "files", "items"]).optional(),
});

export const eventSchema = z.object({
  id: z.number(),
  at: z.string(),
  type: z.string(),
  resource: z.string(),
  data: z.record(z.string(), z.unknown()),
});
