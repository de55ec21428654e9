import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { invalidError, notFoundError, toPlugctlError, verificationError } from "../../core/errors.ts";
import { type Entry, parseEntry } from "../../core/marketplace/entry.ts";
import { summarise } from "../../core/marketplace/search.ts";
import { compareVersions } from "../../core/marketplace/version.ts";
import { writeDurably } from "../durable-file.ts";
import type { Catalogue, CatalogueEntry, CatalogueListing } from "./catalogue.ts";
import { parseJson } from "./entry-folder.ts";
import { download, type Fetch } from "./http-client.ts";
import { type IndexFile, type IndexItem, parseIndex } from "./http-index.ts";
import { IndexCache, shortHash } from "./index-cache.ts";

export interface HttpCatalogueOptions {
  /** Of the index. */
  url: string;
  cache: string;
  /** Default: the global one. */
  fetch?: Fetch | undefined;
  /** How old the index may be before the server is asked whether it changed, in seconds. Default 60. */
  maxAgeSeconds?: number | undefined;
}

/** Bytes. */
const INDEX_LIMIT = 64 * 1024 * 1024;
const ENTRY_LIMIT = 256 * 1024 * 1024;

const stateSchema = z.object({
  etag: z.nullable(z.string()),
  fetchedAt: z.number(),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
type State = z.output<typeof stateSchema>;

/** The index in the cache: what it is, and why it may be out of date. */
interface CachedIndex {
  state: State;
  stale: string | null;
}

/** A catalogue behind a web server: a JSON index, and the files that it names with their digests. */
export class HttpCatalogue implements Catalogue {
  readonly origin: string;
  readonly #url: URL;
  readonly #folder: string;
  readonly #fetch: Fetch;
  readonly #maxAgeMs: number;
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
    this.#maxAgeMs = maxAgeSeconds * 1000;
    this.#listings = new IndexCache(this.#folder);
  }

  async list(): Promise<CatalogueListing> {
    const { state, stale } = await this.#index();
    const listing = await this.#listings.listing(this.origin, state.sha256, async () => this.#load(state));
    return stale === null ? listing : { ...listing, problems: [stale, ...listing.problems] };
  }

  async entry(name: string, version?: string): Promise<CatalogueEntry> {
    const found = await this.#find(name);
    const wanted = version === undefined ? found[0] : found.find(({ entry }) => entry.version === version);
    if (wanted === undefined) {
      throw notFoundError(`${this.origin} has no version ${version} of ${name}`, {
        hint: `versions: ${found
          .map(({ entry }) => entry.version)
          .slice(0, 10)
          .join(", ")}`,
      });
    }
    return this.#open(wanted.item, wanted.entry);
  }

  async versions(name: string): Promise<string[]> {
    return (await this.#find(name)).map(({ entry }) => entry.version);
  }

  /** All versions of an entry, newest first. */
  async #find(name: string): Promise<{ item: IndexItem; entry: Entry }[]> {
    const { state } = await this.#index();
    const items = await this.#items(state);
    const directory = ({ plugin_file: file }: IndexItem) =>
      (file.repository as { directory?: unknown } | undefined)?.directory;
    const named = items.filter(({ plugin_file: file }) => file.name === name);
    const found = named.length > 0 ? named : items.filter((item) => directory(item) === name);
    if (found.length === 0) throw notFoundError(`${this.origin} has no plugin "${name}"`);
    return found
      .map((item) => ({ item, entry: parseEntry(item.plugin_file) }))
      .sort((one, other) => compareVersions(other.entry.version, one.entry.version));
  }

  /** The index as the server has it, or as it was when last read where it cannot be reached. */
  async #index(): Promise<CachedIndex> {
    const known = await this.#known();
    if (known !== undefined && Date.now() - known.fetchedAt < this.#maxAgeMs)
      return { state: known, stale: null };
    try {
      const file = await download(this.#fetch, this.#url, { limitBytes: INDEX_LIMIT, etag: known?.etag });
      if (file === null && known !== undefined) return { state: await this.#remember(known), stale: null };
      if (file === null)
        throw invalidError(`${this.origin} says that nothing changed, but nothing was known`);
      parseIndex(parseJson(file.bytes, this.origin), this.origin);
      const sha256 = hexDigest(file.bytes);
      await writeDurably(join(this.#folder, `${sha256}.json`), file.bytes);
      const state = await this.#remember({ etag: file.etag, sha256 });
      if (known !== undefined && known.sha256 !== sha256) {
        await fs.rm(join(this.#folder, `${known.sha256}.json`), { force: true });
      }
      return { state, stale: null };
    } catch (error) {
      if (known === undefined) throw error;
      const since = new Date(known.fetchedAt).toISOString();
      return { state: known, stale: `${(error as Error).message}; shown as of ${since}` };
    }
  }

  async #known(): Promise<State | undefined> {
    try {
      const json: unknown = JSON.parse(await fs.readFile(join(this.#folder, "state.json"), "utf8"));
      const { data } = stateSchema.safeParse(json);
      if (data !== undefined) await fs.access(join(this.#folder, `${data.sha256}.json`));
      return data;
    } catch {
      return undefined;
    }
  }

  async #remember({ etag, sha256 }: Pick<State, "etag" | "sha256">): Promise<State> {
    const state = { etag, sha256, fetchedAt: Date.now() };
    await writeDurably(join(this.#folder, "state.json"), JSON.stringify(state));
    return state;
  }

  async #items(state: State): Promise<IndexItem[]> {
    const bytes = await fs.readFile(join(this.#folder, `${state.sha256}.json`));
    return parseIndex(parseJson(bytes, this.origin), this.origin);
  }

  async #load(state: State): Promise<CatalogueListing> {
    const newest = new Map<string, Entry>();
    const problems: string[] = [];
    for (const { plugin_file: file } of await this.#items(state)) {
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

  #open(item: IndexItem, entry: Entry): CatalogueEntry {
    const manifest = Buffer.from(JSON.stringify(item.plugin_file));
    const files = item.files ?? [];
    const base = this.#base(item, entry);
    const text = async (name: string) => {
      const file = files.find(({ path }) => path.toLowerCase() === name);
      return file === undefined ? null : Buffer.from(await this.#file(base, file)).toString("utf8");
    };
    return {
      entry,
      manifestDigest: `sha256:${hexDigest(manifest)}`,
      readme: () => text("readme.md"),
      changelog: () => text("changelog.md"),
      asset: async (path) => {
        const file = files.find((one) => one.path === path);
        if (file === undefined) throw notFoundError(`there is no ${path} in ${entry.name} of ${this.origin}`);
        return this.#file(base, file);
      },
      folder: () => this.#materialise(base, files, entry, manifest),
    };
  }

  /** Where an entry's files are: never on another server than the index that vouches for them. */
  #base(item: IndexItem, entry: Entry): URL {
    const base = URL.parse(`${(item.base ?? entry.directory ?? entry.name).replace(/\/+$/, "")}/`, this.#url);
    if (base === null || base.origin !== this.#url.origin) {
      throw invalidError(`the index ${this.origin}: the base of ${entry.name} is not on the same server`);
    }
    return base;
  }

  async #file(base: URL, { path, size, sha256 }: IndexFile): Promise<Uint8Array> {
    const url = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
    const file = await download(this.#fetch, url, { limitBytes: size });
    if (file === null || hexDigest(file.bytes) !== sha256) {
      throw verificationError(`${url.href} is not the file that the index names`, {
        details: { expected: sha256, actual: file === null ? null : hexDigest(file.bytes) },
      });
    }
    return file.bytes;
  }

  /** All files of an entry in a folder that is there whole or not at all. */
  async #materialise(
    base: URL,
    files: readonly IndexFile[],
    entry: Entry,
    manifest: Uint8Array,
  ): Promise<string> {
    const digest = shortHash(JSON.stringify([hexDigest(manifest), files]));
    const folder = join(this.#folder, "entries", `${entry.name}-${digest}`);
    if (await exists(folder)) return folder;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    if (total > ENTRY_LIMIT) {
      throw invalidError(`${entry.name} of ${this.origin} is larger than the limit of ${ENTRY_LIMIT} bytes`);
    }
    await fs.mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    const temporary = await fs.mkdtemp(`${folder}-`);
    try {
      for (const file of files) {
        const target = join(temporary, file.path);
        await fs.mkdir(dirname(target), { recursive: true });
        await fs.writeFile(target, await this.#file(base, file), { flag: "wx" });
      }
      await fs.writeFile(join(temporary, "plugin.json"), manifest);
      await fs.rename(temporary, folder).catch(async (error: unknown) => {
        if (!(await exists(folder))) throw error;
      });
      return folder;
    } finally {
      await fs.rm(temporary, { recursive: true, force: true });
    }
  }
}

const hexDigest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const exists = (path: string) =>
  fs.access(path).then(
    () => true,
    () => false,
  );
