import type { LocalItem } from "./local-values.ts";

export interface MarketQuery {
  direction: "asc" | "desc";
  order: string;
  /** null and 0 = all. */
  limit: number | null;
  offset: number;
  search: string | undefined;
  installed: boolean | undefined;
  /** Items whose key has exactly this text. */
  filters: Readonly<Record<string, string>>;
}

/** A column whose values have no order among each other. */
export class UnorderableColumn extends Error {
  readonly column: string;

  constructor(column: string) {
    super(`"${column}" values are not orderable`);
    this.column = column;
  }
}

/** Keys that a list shows: how a version is installed is not among them. */
const ITEM_KEYS = [
  "homepage",
  "color",
  "display_name",
  "name",
  "namespace",
  "tags",
  "author",
  "versions",
  "screenshots",
  "icon",
  "description",
  "short_description",
  "license",
  "installed_version",
];
const VERSION_KEYS = ["upgradable", "version", "min_wazo_version", "max_wazo_version"];

type Fields = Readonly<Record<string, unknown>>;

const pick = (fields: Fields, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.filter((key) => key in fields).map((key) => [key, fields[key]]));

/** Without case and accents. */
const plain = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase();

/** A part of a text, or a key of an object. */
function contains(value: unknown, term: string): boolean {
  if (typeof value === "string") return plain(value).includes(plain(term));
  return typeof value === "object" && value !== null && !Array.isArray(value) && term in value;
}

const matchesSearch = (item: Fields, term: string) =>
  Object.values(item).some(
    (value) => contains(value, term) || (Array.isArray(value) && value.some((part) => contains(part, term))),
  );

function matchesFilters(item: LocalItem, { filters, installed }: MarketQuery): boolean {
  const exact = Object.entries(filters).every(([key, text]) => (item as Fields)[key] === text);
  if (installed === undefined || "installed_version" in filters) return exact;
  return exact && (item.installed_version !== null) === installed;
}

/** Orders as Python does. @throws TypeError for values between which there is no order. */
function compareValues(one: unknown, other: unknown): number {
  if (typeof one === "string" && typeof other === "string") return one < other ? -1 : Number(one > other);
  const numbers = [one, other].map((value) => (typeof value === "boolean" ? Number(value) : value));
  const [left, right] = numbers;
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (!Array.isArray(one) || !Array.isArray(other)) throw new TypeError("no order");
  for (const [index, value] of one.entries()) {
    if (index >= other.length) return 1;
    if (JSON.stringify(value) === JSON.stringify(other[index])) continue;
    return compareValues(value, other[index]);
  }
  return one.length - other.length;
}

/** What lacks the column comes last. */
function compareBy(column: string, one: Fields, other: Fields): number {
  const [hasOne, hasOther] = [column in one, column in other];
  if (!hasOne || !hasOther) return Number(hasOther) - Number(hasOne);
  return compareValues(one[column], other[column]);
}

function sorted(items: readonly LocalItem[], { order, direction }: MarketQuery): LocalItem[] {
  const sign = direction === "desc" ? -1 : 1;
  try {
    return items.toSorted((one, other) => sign * compareBy(order, one as Fields, other as Fields));
  } catch (error) {
    if (error instanceof TypeError) throw new UnorderableColumn(order);
    throw error;
  }
}

export interface MarketPage {
  items: Record<string, unknown>[];
  /** All items of the market, and those that match. */
  total: number;
  filtered: number;
}

/** Filters, searches, sorts and slices, in this order. @throws UnorderableColumn. */
export function queryMarket(items: readonly LocalItem[], query: MarketQuery): MarketPage {
  const found = items.filter(
    (item) =>
      matchesFilters(item, query) &&
      (query.search === undefined || query.search === "" || matchesSearch(item as Fields, query.search)),
  );
  const end = query.limit === null || query.limit === 0 ? undefined : query.offset + query.limit;
  return {
    items: sorted(found, query)
      .slice(query.offset, end)
      .map((item) => ({
        ...pick(item as Fields, ITEM_KEYS),
        versions: item.versions.map((version) => pick(version as Fields, VERSION_KEYS)),
      })),
    total: items.length,
    filtered: found.length,
  };
}
