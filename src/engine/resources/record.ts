import * as z from "zod/mini";
import { pluginFileSchema } from "../../core/marketplace/schema.ts";

const versionSchema = z.object({
  version: z.string(),
  /** The catalogue it came from. */
  origin: z.string(),
  manifestDigest: z.string(),
  /** ISO 8601, UTC. */
  installedAt: z.string(),
  /** The whole description: what is installed is data. */
  file: pluginFileSchema,
});

/** Counts up when records take another form. */
const FORMAT = 1;

export const recordSchema = z.extend(versionSchema, {
  format: z.literal(FORMAT),
  /** Name it is installed under. */
  plugin: z.string(),
  /** Name in the catalogue. */
  entry: z.string(),
  /** What was there before the last change. */
  previous: z.nullable(versionSchema),
});

export type ResourceVersion = z.output<typeof versionSchema>;

/** A product, or another plugin without a container, as it is installed. */
export type InstalledResources = Omit<z.output<typeof recordSchema>, "format">;

export const toRecord = (installed: InstalledResources) => ({ format: FORMAT, ...installed });
