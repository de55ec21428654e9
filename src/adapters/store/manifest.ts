import { LineCounter, parseDocument } from "yaml";
import * as z from "zod/mini";
import { invalidError } from "../../core/errors.ts";

const path = z.string("must be a path");

const manifestSchema = z.looseObject({
  name: z.string("must be the plugin's name").check(z.minLength(1, "must not be empty")),
  version: z.string("must be a version such as 1.0.0").check(z.minLength(1, "must not be empty")),
  files: z.optional(z.array(z.string("must be a path or pattern"), "must be a list of paths and patterns")),
  main: z.optional(path),
  module: z.optional(path),
  exports: z.optional(z.json()),
  scripts: z.optional(z.record(z.string(), z.json())),
  plugctl: z.optional(z.looseObject({ entry: z.optional(path) }, "must be an object")),
});

/** The part of package.json that packing depends on; the store judges the rest. */
export type Manifest = z.output<typeof manifestSchema>;

/**
 * @param label what messages call the file.
 * @throws INVALID naming file and line.
 */
export function parseManifest(text: string, label: string): Manifest {
  let data: unknown;
  try {
    data = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const message = (cause as SyntaxError).message.replace(/, (?:\.\.\.)?"[\s\S]*$/, "");
    throw invalidError(`${label}${lineOfSyntaxError(text, message)}: is not JSON: ${message}`, { cause });
  }
  const result = manifestSchema.safeParse(data);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => {
    const key = path.join(".") || "the whole";
    return { path: `${label}${lineOf(text, path)}`, message: `${key} ${message}` };
  });
  throw invalidError(`${errors[0]?.path}: ${errors[0]?.message}`, {
    details: errors.length > 1 ? { errors } : undefined,
  });
}

/** `:<line>` of a member; empty when it is not there. JSON is YAML too, and that parser keeps positions. */
function lineOf(text: string, path: readonly PropertyKey[]): string {
  const lineCounter = new LineCounter();
  const node = parseDocument(text, { lineCounter }).getIn(path, true);
  const range = node !== null && typeof node === "object" && "range" in node ? node.range : undefined;
  const start = Array.isArray(range) ? (range as number[])[0] : undefined;
  return start === undefined ? "" : `:${lineCounter.linePos(start).line}`;
}

/** V8 gives the position of some errors only; the YAML parser finds most of the others. */
function lineOfSyntaxError(text: string, message: string): string {
  const [, given] = /\(line (\d+) column \d+\)/.exec(message) ?? [];
  const line = given ?? parseDocument(text, { schema: "json" }).errors[0]?.linePos?.[0].line;
  return line === undefined ? "" : `:${line}`;
}
