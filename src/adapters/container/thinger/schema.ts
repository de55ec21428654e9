// Shapes of Thinger.io's plugin API, and of the parts of plugctl's own that go with it, as far as they are read here.
import * as z from "zod/mini";
import { PLUGIN_STATES } from "../../../core/plugin.ts";

const text = z.nullish(z.string());

/** Thinger's own server is known to give a plugin's name; what else it says is not written down anywhere. */
export const pluginSchema = z.looseObject({
  plugin: z.optional(z.string()),
  name: z.optional(z.string()),
  version: text,
  state: z.optional(z.enum(PLUGIN_STATES)),
  nativeState: text,
  description: text,
  updatedAt: text,
});
export type WirePlugin = z.output<typeof pluginSchema>;

export const changeSchema = z.object({
  state: z.string(),
  nativeState: z.string(),
  changed: z.boolean(),
});

export const operationIdSchema = z.object({ id: z.string() });

export const whoamiSchema = z.object({ login: z.string() });

const entry = z.looseObject({
  name: z.string(),
  version: z.string(),
  kind: z.string(),
  description: text,
});
export const marketplaceSchema = z.object({ items: z.array(entry) });
export const entrySchema = z.extend(entry, { readme: text, changelog: text });

export const accessSchema = z.object({
  name: z.string(),
  access: z.enum(["public", "private"]),
  url: z.nullable(z.string()),
  authenticates: z.nullable(z.boolean()),
  warnings: z.array(z.string()),
});

/** An entry as it was installed. */
export const exportSchema = z.object({
  name: z.string(),
  version: z.string(),
  /** `container`, `product` or `resources`. */
  kind: z.string(),
  installedAt: z.string(),
  manifest: z.looseObject({ name: z.string() }),
});

export const diffSchema = z.object({
  name: z.string(),
  installedVersion: z.nullable(z.string()),
  offeredVersion: z.nullable(z.string()),
  changes: z.array(
    z.object({
      path: z.string(),
      kind: z.enum(["added", "removed", "changed"]),
      from: z.optional(z.unknown()),
      to: z.optional(z.unknown()),
    }),
  ),
});

export const logLineSchema = z.object({
  stream: z.enum(["stdout", "stderr"]),
  at: z.nullable(z.string()),
  text: z.string(),
});

/** What a shell's WebSocket says beside its output. */
export const controlSchema = z.union([
  z.object({ type: z.literal("exit"), code: z.number() }),
  z.object({ type: z.literal("error"), code: z.string(), message: z.string() }),
]);
