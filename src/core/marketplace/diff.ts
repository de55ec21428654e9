/** One member that two versions of a description do not have in common. */
export interface Difference {
  /** Such as `resources.products[lab].profile.code.code`: items with an id are named by it, others by their position. */
  path: string;
  change: "added" | "removed" | "changed";
  /** Absent where there is none. */
  before?: unknown;
  after?: unknown;
}

/** Members that identify an item of a list, wherever it stands in it. */
const ID_MEMBERS = ["product", "proxy", "storage", "property"] as const;

/** What is different between two JSON values, in the order of their members. An empty list means that they are equal. */
export function diffJson(before: unknown, after: unknown, path = ""): Difference[] {
  if (Object.is(before, after)) return [];
  if (before === undefined) return [{ path, change: "added", after }];
  if (after === undefined) return [{ path, change: "removed", before }];
  const left = membersOf(before);
  const right = membersOf(after);
  if (left === undefined || right === undefined || Array.isArray(before) !== Array.isArray(after)) {
    return [{ path, change: "changed", before, after }];
  }
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) =>
    diffJson(left.get(key), right.get(key), memberPath(path, key, Array.isArray(before))),
  );
}

const memberPath = (path: string, key: string, isList: boolean) =>
  isList ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;

function membersOf(value: unknown): Map<string, unknown> | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const ids = value.map(idOf);
  const identified = ids.every((id) => id !== undefined) && new Set(ids).size === ids.length;
  return new Map(
    value.map((item: unknown, index) => [(identified ? ids[index] : undefined) ?? String(index), item]),
  );
}

function idOf(item: unknown): string | undefined {
  if (item === null || typeof item !== "object") return undefined;
  const members = item as Readonly<Record<string, unknown>>;
  const id = ID_MEMBERS.map((name) => members[name]).find((value) => typeof value === "string");
  return typeof id === "string" ? id : undefined;
}
