import { invalidError, type PlugctlError } from "../errors.ts";
import { readYaml } from "./description-yaml.ts";
import { compareLooseVersions } from "./loose-version.ts";
import type { PluginDependency, PluginDescription } from "./plugin-description.ts";

/** Where a plugin's description is, seen from the folder of the plugin. */
export const DESCRIPTION_FILE = "wazo/plugin.yml";

/** Longest description that is read, in characters. */
export const DESCRIPTION_LIMIT = 256 * 1024;

/** Format versions that there are; the last one is 2. */
const LAST_FORMAT = 2;

/** A fault of one field in the shape of wazo's validator (spec, sections 1.5 and 2). */
export interface Fault {
  constraint_id: string;
  constraint: unknown;
  message: string;
}

/** Faults by field. Below the top level a fault of a validator is in a list, one of the type stands alone. */
export type Faults = Record<string, Fault | Record<string, Record<string, Fault | Fault[]>>>;

type Mapping = Readonly<Record<string, unknown>>;

const required: Fault = {
  constraint_id: "required",
  constraint: "required",
  message: "Missing data for required field.",
};
const notNull: Fault = {
  constraint_id: "not_null",
  constraint: "not_null",
  message: "Field may not be null.",
};
const typeFault = (constraint: string, message: string): Fault => ({
  constraint_id: "type",
  constraint,
  message,
});
const notText = typeFault("string", "Not a valid string.");
const range = (constraint: { min?: unknown; max?: unknown }, message: string): Fault => ({
  constraint_id: "range",
  constraint,
  message,
});

/**
 * Reads `wazo/plugin.yml`.
 * @param options.wazoVersion what the limits of the plugin are held against; undefined = they are not looked at.
 * @throws INVALID with one sentence a fault. Its details are `{ step, error_id, details, faults }`: the step that fails
 * (`extracting` for what is not YAML, else `validating`), wazo's `error_id` and `details` for it, and the sentences.
 */
export function readDescription(
  text: string,
  { wazoVersion }: { wazoVersion: string | undefined },
): PluginDescription {
  const metadata = readMapping(text);
  const faults = new DescriptionFaults();
  const description = {
    namespace: faults.pattern(metadata, "namespace", /^[a-z0-9]+$/),
    name: faults.pattern(metadata, "name", /^[a-z0-9-]+$/),
    version: faults.text(metadata, "version") ?? "",
    formatVersion: faults.format(metadata),
    minWazoVersion: faults.bound(metadata, "min_wazo_version", wazoVersion),
    maxWazoVersion: faults.bound(metadata, "max_wazo_version", wazoVersion),
    depends: faults.dependencies(metadata),
    debianDepends: faults.relations(metadata),
    conffiles: faults.flag(metadata, "conffiles"),
    metadata,
  };
  faults.check();
  return description;
}

function readMapping(text: string): Mapping {
  if (text.length > DESCRIPTION_LIMIT) {
    throw unreadable(`it is longer than ${DESCRIPTION_LIMIT} characters`);
  }
  let content: unknown;
  try {
    content = readYaml(text);
  } catch (error) {
    throw unreadable(`it is not YAML: ${(error as Error).message}`, error);
  }
  if (typeof content === "object" && content !== null && !Array.isArray(content)) return content as Mapping;
  throw invalidError(`${DESCRIPTION_FILE} is invalid: it is not a mapping of keys to values`, {
    details: { step: "validating", error_id: "validating-error", details: {} },
  });
}

/** For a description that cannot be read at all. */
export const unreadable = (why: string, cause?: unknown): PlugctlError =>
  invalidError(`${DESCRIPTION_FILE} cannot be read: ${why}`, {
    details: { step: "extracting", error_id: "extracting-error", details: {} },
    cause,
  });

/** Reads fields and collects what is wrong with them. What is returned for a faulty field is never used. */
class DescriptionFaults {
  readonly #details: Faults = {};
  readonly #sentences: string[] = [];

  check(): void {
    if (this.#sentences.length === 0) return;
    throw invalidError(`${DESCRIPTION_FILE} is invalid: ${this.#sentences.join("; ")}`, {
      details: {
        step: "validating",
        error_id: "validation-error",
        details: this.#details,
        faults: this.#sentences,
      },
    });
  }

  #add(field: string, fault: Fault, sentence: string): undefined {
    this.#details[field] = fault;
    this.#sentences.push(sentence);
  }

  /** A required text. */
  text(metadata: Mapping, field: string): string | undefined {
    if (!(field in metadata)) return this.#add(field, required, `"${field}" is missing`);
    return this.#optionalText(metadata, field);
  }

  #optionalText(metadata: Mapping, field: string): string | undefined {
    const value = metadata[field];
    if (value === undefined || typeof value === "string") return value;
    if (value === null) return this.#add(field, notNull, `"${field}" has no value`);
    return this.#add(field, notText, `"${field}" is not a text`);
  }

  pattern(metadata: Mapping, field: string, pattern: RegExp): string {
    const value = this.text(metadata, field);
    if (value === undefined || pattern.test(value)) return value ?? "";
    const fault = {
      constraint_id: "regex",
      constraint: pattern.source,
      message: "String does not match expected pattern.",
    };
    this.#add(field, fault, `"${field}" is ${quoted(value)}, which does not match ${pattern.source}`);
    return value;
  }

  format(metadata: Mapping): 0 | 1 | 2 {
    const field = "plugin_format_version";
    const value = metadata[field];
    if (value === undefined) return 0;
    if (value === null) this.#add(field, notNull, `"${field}" has no value`);
    else {
      const number = integer(value);
      if (number === 0 || number === 1 || number === 2) return number;
      if (number === undefined) {
        this.#add(field, typeFault("integer", "Not a valid integer."), `"${field}" is not an integer`);
      } else {
        const message = `Must be greater than or equal to 0 and less than or equal to ${LAST_FORMAT}.`;
        const sentence = `"${field}" is ${number}, which is none of 0, 1 and ${LAST_FORMAT}`;
        this.#add(field, range({ min: 0, max: LAST_FORMAT }, message), sentence);
      }
    }
    return 0;
  }

  bound(
    metadata: Mapping,
    field: "min_wazo_version" | "max_wazo_version",
    current: string | undefined,
  ): string | undefined {
    const value = this.#optionalText(metadata, field);
    if (value === undefined || current === undefined) return value;
    const order = compareLooseVersions(value, current);
    if (field === "min_wazo_version" && order > 0) {
      const fault = range({ max: current }, `Must be less than or equal to ${current}.`);
      this.#add(field, fault, `it needs Wazo ${quoted(value)} or newer, and this is ${current}`);
    }
    if (field === "max_wazo_version" && order < 0) {
      const fault = range({ min: current }, `Must be greater than or equal to ${current}.`);
      this.#add(field, fault, `it works up to Wazo ${quoted(value)}, and this is ${current}`);
    }
    return value;
  }

  dependencies(metadata: Mapping): PluginDependency[] {
    const field = "depends";
    const value = metadata[field];
    if (value === undefined) return [];
    if (value === null) this.#add(field, notNull, `"${field}" has no value`);
    else if (!Array.isArray(value)) {
      this.#add(field, typeFault("dict", "Invalid type."), `"${field}" is not a list`);
    } else return value.map((entry: unknown, index) => this.#dependency(entry, index));
    return [];
  }

  #dependency(entry: unknown, index: number): PluginDependency {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      this.#addNested(index, undefined, undefined, "is not a mapping of keys to values");
      return { namespace: "", name: "" };
    }
    const fields = entry as Mapping;
    const text = (field: string) => {
      const value = fields[field];
      if (typeof value === "string") {
        if (value !== "" || field === "version") return value;
        const constraint = { min: 1, max: null };
        const fault = { constraint_id: "length", constraint, message: "Shorter than minimum length 1." };
        this.#addNested(index, field, [fault], `has an empty "${field}"`);
      } else if (value === null) this.#addNested(index, field, notNull, `has no value for "${field}"`);
      else if (value !== undefined)
        this.#addNested(index, field, notText, `has a "${field}" that is no text`);
      else if (field !== "version") this.#addNested(index, field, required, `lacks "${field}"`);
      return undefined;
    };
    return { namespace: text("namespace") ?? "", name: text("name") ?? "", version: text("version") };
  }

  #addNested(index: number, field: string | undefined, fault: Fault | Fault[] | undefined, what: string) {
    const known = this.#details.depends as Record<string, Record<string, Fault | Fault[]>> | undefined;
    const entry = {
      ...known?.[index],
      ...(field !== undefined && fault !== undefined && { [field]: fault }),
    };
    this.#details.depends = { ...known, [index]: entry };
    this.#sentences.push(`entry ${index + 1} of "depends" ${what}`);
  }

  /** A key of ours, which the original does not look at. */
  flag(metadata: Mapping, field: string): boolean {
    const value = metadata[field];
    if (value === undefined || value === null || typeof value === "boolean") return value === true;
    this.#add(field, typeFault("boolean", "Not a valid boolean."), `"${field}" is neither true nor false`);
    return false;
  }

  /** The original copies this list as it is. A text in its place would give a package that nobody can install. */
  relations(metadata: Mapping): string[] {
    const field = "debian_depends";
    const value = metadata[field];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((relation) => typeof relation === "string")) return value;
    this.#add(field, typeFault("list", "Not a valid list."), `"${field}" is not a list of texts`);
    return [];
  }
}

/** As Python's `int()` takes it; booleans are none. */
function integer(value: unknown): number | undefined {
  if (typeof value === "number") return Math.trunc(value);
  return typeof value === "string" && /^\s*[+-]?[0-9]+\s*$/.test(value) ? Number(value) : undefined;
}

const quoted = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
