// Shapes of wazo-plugind's and wazo-auth's APIs as this adapter reads them (wazo-plugind spec, section 1).
import * as z from "zod/mini";

const text = z.nullish(z.string());

/** Authors write versions as they like, and YAML makes numbers of some. */
const version = z.pipe(
  z.union([z.string(), z.number()]),
  z.transform((value) => String(value)),
);

/** What a plugin says of itself in its `plugin.yml`; only the names are certain. */
export const pluginSchema = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  version: z.nullish(version),
  description: z.catch(text, null),
  depends: z.catch(z.nullish(z.array(z.looseObject({ namespace: z.string(), name: z.string() }))), null),
});
export type WirePlugin = z.output<typeof pluginSchema>;

export const pluginsSchema = z.object({ items: z.array(pluginSchema) });

export const marketPluginSchema = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  display_name: text,
  author: text,
  description: text,
  short_description: text,
  homepage: text,
  license: text,
  tags: z.catch(z.nullish(z.array(z.string())), null),
  installed_version: z.nullish(version),
  versions: z.optional(z.array(z.looseObject({ version, upgradable: z.optional(z.boolean()) }))),
});
export type WireMarketPlugin = z.output<typeof marketPluginSchema>;

export const marketSchema = z.object({ items: z.array(marketPluginSchema) });

export const taskSchema = z.object({ uuid: z.string() });

/** `plugctl` is there where the server is ours. */
export const statusSchema = z.object({
  rest_api: z.object({ status: z.string() }),
  master_tenant: z.optional(z.object({ status: z.string() })),
  plugctl: z.optional(z.object({ version: z.string(), api: z.string() })),
});
export type WireStatus = z.output<typeof statusSchema>;

export const tokenSchema = z.object({
  data: z.object({
    token: z.string(),
    auth_id: text,
    utc_expires_at: text,
    expires_at: text,
    acl: z.nullish(z.array(z.string())),
    metadata: z.nullish(z.looseObject({ login: text, username: text })),
  }),
});
export type WireToken = z.output<typeof tokenSchema>["data"];

/** The body of a message on the bus (spec, section 5.4). */
export const taskEventSchema = z.object({
  data: z.object({
    uuid: z.string(),
    status: z.string(),
    errors: z.optional(
      z.object({
        error_id: z.string(),
        message: z.string(),
        details: z.optional(z.record(z.string(), z.unknown())),
      }),
    ),
  }),
});
export type WireTaskEvent = z.output<typeof taskEventSchema>["data"];
