import * as z from "zod/mini";
import { verificationError } from "../core/errors.ts";

/** Counts up when an older plugctl could no longer restore what a newer one wrote. */
const FORMAT = 1;

const member = z.object({ name: z.string(), sizeBytes: z.number(), sha256: z.string() });

/** First member of a backup: what the others are, and that they are whole. */
const manifestSchema = z.object({
  format: z.literal(FORMAT),
  plugin: z.string(),
  version: z.nullable(z.string()),
  createdAt: z.string(),
  wasRunning: z.boolean(),
  settings: member,
  volumes: z.array(z.extend(member, { target: z.string() })),
});
export type BackupManifest = z.output<typeof manifestSchema>;

export const MANIFEST = "manifest.json";
export const SETTINGS = "settings.json";

/** What a container is made from, with the values of its variables: enough to make it elsewhere. */
const settingsSchema = z.object({
  labels: z.record(z.string(), z.string()),
  env: z.array(z.string()),
  /** Content of secret files, in base64, by name. */
  secrets: z.optional(z.record(z.string(), z.string())),
});
export type BackupSettings = z.output<typeof settingsSchema>;

export function newManifest(facts: Omit<BackupManifest, "format">): BackupManifest {
  return { format: FORMAT, ...facts };
}

/** @throws VERIFICATION. */
export function parseManifest(text: string, file: string): BackupManifest {
  return parse(manifestSchema, text, file);
}

/** @throws VERIFICATION. */
export function parseSettings(text: string, file: string): BackupSettings {
  return parse(settingsSchema, text, file);
}

function parse<S extends z.ZodMiniType>(schema: S, text: string, file: string): z.output<S> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw notABackup(file);
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw notABackup(file);
}

export const notABackup = (file: string) =>
  verificationError(`${file} is no backup of a plugin, or is damaged`, { details: { file } });
