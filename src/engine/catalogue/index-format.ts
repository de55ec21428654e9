import * as z from "zod/mini";
import { invalidError } from "../../core/errors.ts";
import { relativePath } from "../../core/marketplace/location.ts";

const fileSchema = z.looseObject({
  /** Relative to the entry's folder. */
  path: z
    .string("must be a path")
    .check(z.refine((path) => relativePath(path) === path, "must be a path below the entry's folder")),
  size: z.int("must be a number of bytes").check(z.minimum(0, "must be a number of bytes")),
  sha256: z.string("must be 64 hex digits").check(z.regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")),
});

/** One version of one entry, as docs/marketplace.md states it. */
const itemSchema = z.looseObject({
  /** The content of plugin.json. */
  plugin_file: z.record(z.string(), z.unknown(), "must be the content of a plugin.json"),
  /** Where its files lie, relative to the index; default: its folder, or else its name. */
  base: z.optional(z.string("must be a relative URL")),
  files: z.optional(z.array(fileSchema, "must be a list of files")),
});

const indexSchema = z.array(itemSchema, "must be a list of entries");

export type IndexItem = z.output<typeof itemSchema>;
export type IndexFile = z.output<typeof fileSchema>;

/** @throws INVALID naming the first faults. */
export function parseIndex(json: unknown, origin: string): IndexItem[] {
  const result = indexSchema.safeParse(json);
  if (result.success) return result.data;
  const errors = result.error.issues
    .slice(0, 20)
    .map(({ path, message }) => ({ path: path.join("."), message }));
  const [first] = errors;
  throw invalidError(`the index ${origin}: ${first?.path || "the whole"} ${first?.message}`, {
    details: { errors },
  });
}
