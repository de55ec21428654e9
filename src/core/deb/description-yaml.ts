import { type Document, isAlias, isScalar, type Pair, parseDocument, type ScalarTag, visit } from "yaml";

/** Words that YAML 1.1 as Python reads it takes for true and false; `y` and `n` stay text. */
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;

const booleans: ScalarTag[] = [
  { value: true, test: TRUE },
  { value: false, test: FALSE },
].map(({ value, test }) => ({
  identify: (found) => found === value,
  default: true,
  tag: "tag:yaml.org,2002:bool",
  test,
  resolve: () => value,
}));

/** Keys whose value counts as it was written: `1.10` is a version, not the number 1.1. */
const VERSIONS: ReadonlySet<unknown> = new Set(["version", "min_wazo_version", "max_wazo_version"]);

/**
 * Reads YAML 1.1 into plain JSON. Versions and dates stay as they were written.
 * @throws Error saying what is wrong with the text, and where.
 */
export function readYaml(text: string): unknown {
  const document = parseDocument(text, {
    version: "1.1",
    uniqueKeys: false,
    logLevel: "error",
    customTags: (tags) => [
      ...booleans,
      ...tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool"),
    ],
  });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) throw new Error(fault.message.split("\n")[0]?.replace(/:$/, ""));
  keepTexts(document);
  return plain(document.toJS({ maxAliasCount: 100 }));
}

function keepTexts(document: Document): void {
  visit(document, {
    Pair(_, { key, value }: Pair) {
      const scalar = isAlias(value) ? value.resolve(document) : value;
      if (!isScalar(scalar) || !isScalar(key) || !VERSIONS.has(key.value)) return;
      if (scalar.value !== null && scalar.source !== undefined) scalar.value = scalar.source;
    },
    Scalar(_, scalar) {
      if (scalar.value instanceof Date && scalar.source !== undefined) scalar.value = scalar.source;
    },
  });
}

/** What YAML knows and JSON does not, as the nearest that JSON has. */
function plain(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Set) return plain([...value]);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
