import type { Entry, EntryKind } from "./entry.ts";

/** What a list of entries shows of each, and what it is searched by. */
export type EntrySummary = Pick<
  Entry,
  | "name"
  | "version"
  | "kind"
  | "directory"
  | "title"
  | "description"
  | "category"
  | "vendor"
  | "icon"
  | "deprecated"
>;

export interface EntryQuery {
  /** Words that all have to occur, each anywhere in name, title, description, category or vendor. */
  text?: string | undefined;
  category?: string | undefined;
  vendor?: string | undefined;
  kind?: EntryKind | undefined;
  /** Show deprecated entries as well. */
  deprecated?: boolean | undefined;
}

/** The order of Thinger's own site; any other category comes after these. */
const CATEGORIES = ["devices", "connectivity", "monitoring", "development", "infrastructure", "templates"];

export function summarise(entry: Entry): EntrySummary {
  const { name, version, kind, directory, title, description, category, vendor, icon, deprecated } = entry;
  return { name, version, kind, directory, title, description, category, vendor, icon, deprecated };
}

/** Best matches first; without words by category and name. */
export function searchEntries(entries: readonly EntrySummary[], query: EntryQuery): EntrySummary[] {
  const words = fold(query.text ?? "")
    .split(/\s+/)
    .filter(Boolean);
  const same = (wanted: string | undefined, value: string | null) =>
    wanted === undefined || fold(wanted.trim()) === fold(value ?? "");
  return entries
    .filter(
      (entry) =>
        (query.deprecated === true || entry.deprecated === null) &&
        (query.kind === undefined || entry.kind === query.kind) &&
        same(query.category, entry.category) &&
        same(query.vendor, entry.vendor),
    )
    .map((entry) => ({ entry, score: score(entry, words) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || inOrder(one.entry, other.entry))
    .map(({ entry }) => entry);
}

/** Zero when a word is missing; a word counts the more, the more it says which entry is meant. */
function score(entry: EntrySummary, words: readonly string[]): number {
  const name = fold(entry.name);
  const fields: [string, number][] = [
    [name, 8],
    [fold(entry.title), 6],
    [fold(entry.vendor ?? ""), 3],
    [entry.category, 3],
    [fold(entry.description ?? ""), 1],
  ];
  let total = 1;
  for (const word of words) {
    const found = fields.filter(([text]) => text.includes(word)).map(([, weight]) => weight);
    if (found.length === 0) return 0;
    total += Math.max(...found) + (name === word ? 10 : name.startsWith(word) ? 4 : 0);
  }
  return total;
}

function inOrder(one: EntrySummary, other: EntrySummary): number {
  const rank = ({ category }: EntrySummary) => {
    const index = CATEGORIES.indexOf(category);
    return index < 0 ? CATEGORIES.length : index;
  };
  return rank(one) - rank(other) || one.name.localeCompare(other.name, "en");
}

/** Underscores and hyphens are one: folders and names of real entries mix them. */
const fold = (text: string) => text.normalize("NFKC").toLowerCase().replaceAll("_", "-");
