import semver from "semver";
import { z } from "zod";
import { Problem, type ProblemItem } from "../../http/problem.ts";
import { isPluginId, isProviderId, isVersion } from "./identifiers.ts";

const JSON_BYTES = 64 * 1024;

const text = (characters: number) => z.string().max(characters);
const person = z.union([text(500), z.looseObject({ name: text(500) }).transform((author) => author.name)]);
const link = z.union([text(2000), z.looseObject({ url: text(2000) }).transform((source) => source.url)]);
const object = z
  .record(z.string(), z.json())
  .refine(
    (value) => JSON.stringify(value).length <= JSON_BYTES,
    `must not be larger than ${JSON_BYTES} bytes`,
  );

const sectionSchema = z.strictObject({
  id: text(100).min(1),
  name: text(200).min(1),
  description: text(2000).default(""),
  icon: text(2000).default(""),
});

const pluginSchema = z.looseObject({
  provider: z.string().refine(isProviderId, "is not a provider id").optional(),
  entry: text(512).optional(),
  displayName: text(200).optional(),
  icon: text(2000).optional(),
  category: z.union([text(100).transform((one) => [one]), z.array(text(100)).max(50)]).optional(),
  sections: z.array(sectionSchema).max(50).optional(),
  config: object.optional(),
  metadata: object.optional(),
  hostVersion: z
    .string()
    .refine((range) => semver.validRange(range) !== null, "is not a SemVer range")
    .optional(),
  files: z.array(text(512)).max(100).optional(),
});

const manifestSchema = z.object({
  name: z
    .string()
    .refine(
      isPluginId,
      "is not a plugin id: use lower-case letters, digits, '-', '.', '_', and at most one '@scope/'",
    ),
  version: z
    .string()
    .refine(
      isVersion,
      "is not a version: use MAJOR.MINOR.PATCH without a leading 'v' and without a '+build' part",
    ),
  description: text(2000).optional(),
  author: person.optional(),
  license: text(200).optional(),
  homepage: text(2000).optional(),
  repository: link.optional(),
  keywords: z.array(text(100)).max(100).optional(),
  module: text(512).optional(),
  main: text(512).optional(),
  exports: z.json().optional(),
  plugctl: pluginSchema.default({}),
});

/** What the store reads of a plugin's package.json. */
export type Manifest = z.output<typeof manifestSchema>;

/** The command line's own settings may stand under the same key of package.json. */
const CLIENT_KEYS = ["version", "target", "output", "color", "timeout", "targets"];

/**
 * Reads the text of a package.json.
 * @returns the manifest, and a warning for each member of `plugctl` that nobody knows: most likely a slip.
 * @throws Problem 422 `bad_name`, `bad_version` or `bad_manifest`, with one item per fault.
 */
export function parseManifest(json: string): { manifest: Manifest; warnings: string[] } {
  let data: unknown;
  try {
    data = JSON.parse(json.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new Problem(422, "bad_manifest", `package.json is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  const result = manifestSchema.safeParse(data);
  if (!result.success) throw manifestProblem(result.error.issues.map(toItem));
  const known = new Set([...Object.keys(pluginSchema.shape), ...CLIENT_KEYS]);
  const unknown = Object.keys(result.data.plugctl).filter((key) => !known.has(key));
  return {
    manifest: result.data,
    warnings: unknown.map((key) => `package.json: plugctl.${key.slice(0, 100)} is not a known key`),
  };
}

function toItem(issue: z.core.$ZodIssue): ProblemItem {
  const path = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
  return { path, code: issue.code, message: issue.message };
}

/** The error that lists faults of a package.json; `path` of an item is the member's. */
export function manifestProblem(errors: readonly ProblemItem[]): Problem {
  const paths = errors.map((item) => item.path);
  const code = paths.includes("name")
    ? "bad_name"
    : paths.includes("version")
      ? "bad_version"
      : "bad_manifest";
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new Problem(422, code, `package.json: ${first?.path} ${first?.message}${more}`, { errors });
}
