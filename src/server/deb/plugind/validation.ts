import type { MarketQuery } from "../market/query.ts";
import { invalidData } from "./errors.ts";

/** A fault of one field in the shape of wazo's validator (wazo-plugind spec, section 1.5). */
interface Fault {
  message: string;
  constraint_id: string;
  constraint: unknown;
}
/** Below the top level a fault of a validator is in a list, one of the type stands alone. */
type Faults = Record<string, Fault | Fault[] | Record<string, unknown>>;

type Fields = Readonly<Record<string, unknown>>;

const fault = (constraint_id: string, constraint: unknown, message: string): Fault => ({
  constraint_id,
  constraint,
  message,
});
const REQUIRED = fault("required", "required", "Missing data for required field.");
const NOT_NULL = fault("not_null", "not_null", "Field may not be null.");
const NOT_TEXT = fault("type", "string", "Not a valid string.");
const NOT_BOOLEAN = fault("type", "boolean", "Not a valid boolean.");
const NOT_INTEGER = fault("type", "integer", "Not a valid integer.");
const NEGATIVE = fault("range", { min: 0, max: null }, "Must be greater than or equal to 0.");
const EMPTY = fault("length", { min: 1, max: null }, "Shorter than minimum length 1.");
const choice = (choices: readonly string[]) =>
  fault("enum", { choices }, `Must be one of: ${choices.join(", ")}.`);

const METHODS = ["git", "market"];

export interface GitOptions {
  url: string;
  ref: string | undefined;
  subdirectory: string | null;
}

/** What `POST /plugins` asks for. */
export type InstallOptions =
  | { method: "git"; options: GitOptions }
  | { method: "market"; options: { namespace: string; name: string; version?: string } };

/** The texts of an object, with every fault that there is. */
class TextFields {
  readonly faults: Faults = {};
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  required(name: string): string {
    if (!(name in this.#fields)) this.faults[name] = REQUIRED;
    return this.#text(name, true) ?? "";
  }

  /** @param emptyIsFine for what has no shortest length. */
  optional(name: string, emptyIsFine = false): string | undefined {
    return this.#text(name, !emptyIsFine);
  }

  nullable(name: string): string | null {
    return this.#fields[name] === null ? null : (this.#text(name, true) ?? null);
  }

  #text(name: string, notEmpty: boolean): string | undefined {
    if (!(name in this.#fields)) return undefined;
    const value = this.#fields[name];
    if (value === null) this.faults[name] = NOT_NULL;
    else if (typeof value !== "string") this.faults[name] = NOT_TEXT;
    else if (value === "" && notEmpty) this.faults[name] = [EMPTY];
    else return value;
    return undefined;
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Checks the body of `POST /plugins`. Unknown keys are ignored. @throws PlugindError 400. */
export function readInstallBody(body: unknown): InstallOptions {
  const isEmpty = body === null || (Array.isArray(body) && body.length === 0);
  if (!isEmpty && !isObject(body)) {
    throw invalidData({ _schema: fault("type", "dict", "Invalid input type.") });
  }
  const fields: Fields = isEmpty ? {} : (body as Fields);
  const { method, options } = fields;
  const faults: Faults = {};
  if (!("method" in fields)) faults.method = REQUIRED;
  else if (method === null) faults.method = NOT_NULL;
  else if (typeof method !== "string") faults.method = NOT_TEXT;
  else if (!METHODS.includes(method)) faults.method = choice(METHODS);
  if (!("options" in fields)) faults.options = REQUIRED;
  else if (options === null) faults.options = NOT_NULL;
  // Without a method there is nothing to hold the options against.
  if (faults.method !== undefined && faults.options !== REQUIRED) delete faults.options;
  if (Object.keys(faults).length > 0) throw invalidData(faults);
  if (!isObject(options)) throw invalidData({ options: {} });
  return method === "git" ? { method: "git", options: readGitOptions(options) } : readMarketOptions(options);
}

/** Checks the options of the method `git`. @throws PlugindError 400. */
export function readGitOptions(options: Fields): GitOptions {
  const texts = new TextFields(options);
  const url = texts.required("url");
  const ref = texts.optional("ref");
  const subdirectory = texts.nullable("subdirectory");
  if (Object.keys(texts.faults).length > 0) throw invalidData({ options: texts.faults });
  return { url, ref, subdirectory };
}

function readMarketOptions(options: Fields): InstallOptions {
  const texts = new TextFields(options);
  const namespace = texts.required("namespace");
  const name = texts.required("name");
  const version = texts.optional("version", true);
  if (Object.keys(texts.faults).length > 0) throw invalidData({ options: texts.faults });
  return {
    method: "market",
    options: { namespace, name, ...(version === undefined ? {} : { version }) },
  };
}

const TRUE = new Set("1 t T true True TRUE on On ON y Y yes Yes YES".split(" "));
const FALSE = new Set("0 f F false False FALSE off Off OFF n N no No NO".split(" "));

/** Query parameters; of one that is repeated the first counts. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

const first = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

function readBoolean(text: string | undefined): boolean | Fault | undefined {
  if (text === undefined) return undefined;
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : NOT_BOOLEAN;
}

function readCount(text: string | undefined): number | Fault | undefined {
  if (text === undefined) return undefined;
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(text)) return NOT_INTEGER;
  const number = Number(text);
  return number < 0 ? NEGATIVE : number;
}

const isFault = (value: unknown): value is Fault => typeof value === "object" && value !== null;

/** @throws PlugindError 400. */
export function readReinstall(query: Query): boolean {
  const value = readBoolean(first(query.reinstall));
  if (isFault(value)) throw invalidData({ reinstall: value });
  return value ?? false;
}

const KNOWN = new Set(["direction", "order", "limit", "offset", "search", "installed"]);
const DIRECTIONS = ["asc", "desc"];

/** Parameters of `GET /market`; those without a meaning are exact filters. @throws PlugindError 400. */
export function readMarketQuery(query: Query): MarketQuery {
  const direction = first(query.direction) ?? "asc";
  const order = first(query.order) ?? "name";
  const limit = readCount(first(query.limit));
  const offset = readCount(first(query.offset));
  const installed = readBoolean(first(query.installed));
  const faults: Faults = {
    ...(DIRECTIONS.includes(direction) ? {} : { direction: choice(DIRECTIONS) }),
    ...(order === "" ? { order: EMPTY } : {}),
    ...(isFault(limit) ? { limit } : {}),
    ...(isFault(offset) ? { offset } : {}),
    ...(isFault(installed) ? { installed } : {}),
  };
  if (isFault(limit) || isFault(offset) || isFault(installed) || Object.keys(faults).length > 0) {
    throw invalidData(faults);
  }
  const filters = Object.entries(query).flatMap(([key, value]): [string, string][] => {
    const text = first(value);
    return KNOWN.has(key) || text === undefined ? [] : [[key, text]];
  });
  return {
    direction: direction === "desc" ? "desc" : "asc",
    order,
    limit: limit ?? null,
    offset: offset ?? 0,
    search: first(query.search),
    installed,
    filters: Object.fromEntries(filters),
  };
}
