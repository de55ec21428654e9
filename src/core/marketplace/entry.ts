import { invalidError } from "../errors.ts";
import { relativePath } from "./location.ts";
import type { Deprecation } from "./plan.ts";
import { type PluginFile, pluginFileSchema } from "./schema.ts";
import { unknownMembers } from "./unknown-members.ts";

/**
 * What an entry is: with a `task` a container; without one a device product, or resources only (proxies, storages,
 * an interface).
 */
export type EntryKind = "container" | "product" | "resources";

/** A marketplace entry, checked. */
export interface Entry {
  name: string;
  version: string;
  kind: EntryKind;
  /** Folder in the catalogue, which in more than half of the real entries is not the name; null = not from one. */
  directory: string | null;
  /** Name for people. */
  title: string;
  description: string | null;
  /** Lower case; `other` where the entry says nothing. */
  category: string;
  vendor: string | null;
  author: string | null;
  license: string | null;
  /** Paths within the folder; the icon falls back to the image. */
  image: string | null;
  icon: string | null;
  deprecated: Deprecation | null;
  /** Paths of members that nobody knows; they are kept in `file`. */
  unknown: string[];
  /** The whole of `plugin.json`. */
  file: PluginFile;
}

/**
 * Reads the content of a `plugin.json`.
 * @param json what the file holds, parsed.
 * @param options.directory the entry's folder relative to its catalogue; default: what the file says.
 * @throws INVALID naming each member that does not have the form it must have.
 */
export function parseEntry(json: unknown, options: { directory?: string | undefined } = {}): Entry {
  const result = pluginFileSchema.safeParse(json);
  if (!result.success) {
    const errors = result.error.issues.map(({ path, message }) => ({ path: memberPath(path), message }));
    const label = entryLabel(json, options.directory);
    const [first] = errors;
    throw invalidError(`${label}: ${first?.path} ${first?.message}`, {
      details: errors.length > 1 ? { errors } : undefined,
    });
  }
  const file = result.data;
  const { metadata = {} } = file;
  return {
    name: file.name,
    version: file.version,
    kind: kindOf(file),
    directory: entryDirectory(options.directory ?? file.repository?.directory),
    title: nonEmpty(metadata.name) ?? file.name,
    description: nonEmpty(file.description) ?? nonEmpty(metadata.description),
    category: nonEmpty(metadata.category)?.toLowerCase() ?? "other",
    vendor: nonEmpty(metadata.vendor),
    author: nonEmpty(file.author),
    license: nonEmpty(file.license),
    image: nonEmpty(metadata.image),
    icon: nonEmpty(metadata.icon) ?? nonEmpty(metadata.image),
    deprecated:
      file.deprecated === undefined
        ? null
        : {
            message: nonEmpty(file.deprecated.message),
            replacement: nonEmpty(file.deprecated.replacement),
          },
    unknown: unknownMembers(pluginFileSchema, file),
    file,
  };
}

function kindOf(file: PluginFile): EntryKind {
  if (file.task !== undefined) return "container";
  return (file.resources?.products?.length ?? 0) > 0 ? "product" : "resources";
}

/** An entry can be named by its folder, so the folder must be one: what leads elsewhere is as good as nothing. */
function entryDirectory(path: string | undefined): string | null {
  return path === undefined ? null : relativePath(path);
}

const nonEmpty = (text: string | undefined) => {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? null : trimmed;
};

function entryLabel(json: unknown, directory: string | undefined): string {
  if (directory !== undefined) return `${directory}/plugin.json`;
  const name = json !== null && typeof json === "object" && "name" in json ? json.name : undefined;
  return typeof name === "string" ? `plugin.json of "${name.slice(0, 128)}"` : "plugin.json";
}

function memberPath(path: readonly PropertyKey[]): string {
  const joined = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return joined.replace(/^\./, "") || "the whole";
}
