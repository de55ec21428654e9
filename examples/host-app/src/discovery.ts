/** One plugin of the store's list, with the members that this application uses. */
export interface ListedPlugin {
  pluginId: string;
  pluginUrl: string;
  version: string;
  /** Subresource integrity of the file behind `pluginUrl`. */
  integrity?: string;
  /** For people; the id where there is none. */
  name?: string;
}

/**
 * Reads the store's list. Asks the store each time (the browser's copy is used when the store says that it is
 * current), so that a new version is seen at once.
 * @throws Error with a sentence for the user.
 */
export async function readList(listUrl: string): Promise<ListedPlugin[]> {
  let response: Response;
  try {
    response = await fetch(listUrl, { cache: "no-cache", headers: { accept: "application/json" } });
  } catch (cause) {
    throw new Error(`The store at ${listUrl} cannot be reached.`, { cause });
  }
  if (!response.ok) throw new Error(`The store answered ${response.status} for ${listUrl}.`);
  const list: unknown = await response.json().catch(() => undefined);
  if (!Array.isArray(list) || !list.every(isListedPlugin)) {
    throw new Error(`What the store sent from ${listUrl} is not a list of plugins.`);
  }
  return list;
}

function isListedPlugin(item: unknown): item is ListedPlugin {
  if (typeof item !== "object" || item === null) return false;
  const { pluginId, pluginUrl, version } = item as Record<string, unknown>;
  return typeof pluginId === "string" && typeof version === "string" && isHttpUrl(pluginUrl);
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === "string" && /^https?:$/.test(URL.parse(value)?.protocol ?? "");
}

/** A plugin whose version in the store is not the one that runs here; `undefined` stands for none. */
export interface Difference {
  name: string;
  running: string | undefined;
  listed: string | undefined;
}

/** What a reload would change. */
export function compareLists(
  running: readonly ListedPlugin[],
  listed: readonly ListedPlugin[],
): Difference[] {
  const ids = new Set([...running, ...listed].map((plugin) => plugin.pluginId));
  return [...ids]
    .map((id) => {
      const here = running.find((plugin) => plugin.pluginId === id);
      const there = listed.find((plugin) => plugin.pluginId === id);
      return { name: there?.name ?? here?.name ?? id, running: here?.version, listed: there?.version };
    })
    .filter((difference) => difference.running !== difference.listed);
}
