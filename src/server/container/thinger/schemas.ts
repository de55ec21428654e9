import { z } from "zod";

export const userSchema = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/, "a login")
  .meta({ description: "whose plugins; a login of this server" });
export const pluginSchema = z
  .string()
  .regex(/^[a-zA-Z0-9_:-]{1,63}$/, "letters, digits and _ : -")
  .meta({ description: "name of the installed plugin" });
export const userParams = z.object({ user: userSchema });
export const pluginParams = userParams.extend({ plugin: pluginSchema });

/** A plugin in a list; further members depend on what it is. */
export const pluginSummarySchema = z.looseObject({
  plugin: z.string(),
  name: z.string(),
  version: z.string().nullable(),
  state: z.string().meta({ description: "one of plugctl's states" }),
  nativeState: z.string().meta({ description: "the engine's word" }),
  description: z.string().nullable(),
  updatedAt: z.string().nullable(),
  title: z.string(),
  category: z.string().nullable(),
  type: z.enum(["container", "product", "resources"]),
  access: z.enum(["public", "private"]),
  url: z.string().nullable(),
});
export const pluginDetailSchema = pluginSummarySchema.extend({
  manifest: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: "plugin.json as it was installed; null for a bare image" }),
});

/** Which operation of Thinger's a route is, for `tokens.allow` and for readers of the API description. */
export const operation = (name: string) => ({ operationId: name, tags: ["thinger"] });
