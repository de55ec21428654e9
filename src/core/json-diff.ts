/** One difference between two JSON documents. */
export interface JsonChange {
  /** JSON Pointer (RFC 6901); empty for the whole document. */
  path: string;
  kind: "added" | "removed" | "changed";
  /** What stood there; absent when nothing did. */
  from?: unknown;
  /** What stands there now; absent when nothing does. */
  to?: unknown;
}

/**
 * What turns one JSON document into another, at the deepest place at which it shows. Members of objects are compared
 * whatever their order, elements of arrays by their position.
 */
export function diffJson(from: unknown, to: unknown, path = ""): JsonChange[] {
  if (Array.isArray(from) && Array.isArray(to)) return diffMembers(from, to, path);
  if (isObject(from) && isObject(to)) return diffMembers(from, to, path);
  return Object.is(from, to) ? [] : [{ path, kind: "changed", from, to }];
}

/** Arrays too: their elements are members by number. */
function diffMembers<T extends object>(from: T, to: T, path: string): JsonChange[] {
  const [before, after] = [new Map(Object.entries(from)), new Map(Object.entries(to))];
  const changes: JsonChange[] = [];
  for (const [name, value] of before) {
    const member = `${path}/${escapeMember(name)}`;
    if (after.has(name)) changes.push(...diffJson(value, after.get(name), member));
    else changes.push({ path: member, kind: "removed", from: value });
  }
  for (const [name, value] of after) {
    if (!before.has(name)) changes.push({ path: `${path}/${escapeMember(name)}`, kind: "added", to: value });
  }
  return changes;
}

const escapeMember = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
