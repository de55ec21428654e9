import { join } from "node:path";
import { invalidError, notFoundError, toPlugctlError } from "../../core/errors.ts";
import { type Entry, parseEntry } from "../../core/marketplace/entry.ts";
import { summarise } from "../../core/marketplace/search.ts";
import { compareVersions } from "../../core/marketplace/version.ts";
import { shortHash } from "./cache-folder.ts";
import type { Catalogue, CatalogueEntry, CatalogueListing } from "./catalogue.ts";
import type { Fetch } from "./http-client.ts";
import { openIndexEntry } from "./http-entry.ts";
import { HttpIndex } from "./http-index.ts";
import { IndexCache } from "./index-cache.ts";
import type { IndexItem } from "./index-format.ts";

export interface HttpCatalogueOptions {
  /** Of the index. */
  url: string;
  cache: string;
  /** Default: the global one. */
  fetch?: Fetch | undefined;
  /** How old the index may be before the server is asked whether it changed, in seconds. Default 60. */
  maxAgeSeconds?: number | undefined;
}

/** A catalogue behind a web server: a JSON index, and the files that it names with their digests. */
export class HttpCatalogue implements Catalogue {
  readonly origin: string;
  readonly #url: URL;
  readonly #folder: string;
  readonly #fetch: Fetch;
  readonly #index: HttpIndex;
  readonly #listings: IndexCache;

  /** @throws INVALID for an address that is not HTTP, or holds a password. */
  constructor({ url, cache, fetch = globalThis.fetch, maxAgeSeconds = 60 }: HttpCatalogueOptions) {
    const parsed = URL.parse(url);
    if (
      parsed === null ||
      !/^https?:$/.test(parsed.protocol) ||
      parsed.username !== "" ||
      parsed.password !== ""
    ) {
      throw invalidError(
        "the address of a catalogue's index is an http or https URL without user and password",
      );
    }
    this.#url = parsed;
    this.origin = parsed.href;
    this.#folder = join(cache, `http-${shortHash(parsed.href)}`);
    this.#fetch = fetch;
    this.#index = new HttpIndex(parsed, this.#folder, fetch, maxAgeSeconds * 1000);
    this.#listings = new IndexCache(this.#folder);
  }

  async list(): Promise<CatalogueListing> {
    const { sha256, stale, items } = await this.#index.current();
    const listing = await this.#listings.listing(this.origin, sha256, async () => newestOf(await items()));
    return stale === null ? listing : { ...listing, problems: [stale, ...listing.problems] };
  }

  async entry(name: string, version?: string): Promise<CatalogueEntry> {
    const found = await this.#find(name);
    const wanted = version === undefined ? found[0] : found.find(({ entry }) => entry.version === version);
    if (wanted === undefined) {
      const known = found.slice(0, 10).map(({ entry }) => entry.version);
      throw notFoundError(`${this.origin} has no version ${version} of ${name}`, {
        hint: `versions: ${known.join(", ")}`,
      });
    }
    const folder = join(this.#folder, "entries");
    return openIndexEntry(wanted.item, wanted.entry, { index: this.#url, folder, fetch: this.#fetch });
  }

  async versions(name: string): Promise<string[]> {
    return (await this.#find(name)).map(({ entry }) => entry.version);
  }

  /** All versions of an entry, newest first. */
  async #find(name: string): Promise<{ item: IndexItem; entry: Entry }[]> {
    const items = await (await this.#index.current()).items();
    const named = items.filter(({ plugin_file: file }) => file.name === name);
    const found = named.length > 0 ? named : items.filter((item) => directoryOf(item) === name);
    if (found.length === 0) throw notFoundError(`${this.origin} has no plugin "${name}"`);
    return found
      .map((item) => ({ item, entry: parseEntry(item.plugin_file) }))
      .sort((one, other) => compareVersions(other.entry.version, one.entry.version));
  }
}

const directoryOf = ({ plugin_file: file }: IndexItem) =>
  (file.repository as { directory?: unknown } | null | undefined)?.directory;

/** One entry a name; what cannot be read is a problem and no more. */
function newestOf(items: readonly IndexItem[]): CatalogueListing {
  const newest = new Map<string, Entry>();
  const problems: string[] = [];
  for (const { plugin_file: file } of items) {
    try {
      const entry = parseEntry(file);
      const other = newest.get(entry.name);
      if (other === undefined || compareVersions(other.version, entry.version) < 0)
        newest.set(entry.name, entry);
    } catch (error) {
      problems.push(toPlugctlError(error).message);
    }
  }
  const entries = [...newest.values()].map(summarise);
  return { entries: entries.sort((one, other) => (one.name < other.name ? -1 : 1)), problems };
}
