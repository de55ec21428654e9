import { promises as fs } from "node:fs";
import { join } from "node:path";
import { notFoundError, type PlugctlError, toPlugctlError } from "../../core/errors.ts";
import { type EntrySummary, summarise } from "../../core/marketplace/search.ts";
import { hexDigest } from "./cache-folder.ts";
import type { Catalogue, CatalogueEntry, CatalogueListing } from "./catalogue.ts";
import { readEntryFolder } from "./entry-folder.ts";
import { IndexCache } from "./index-cache.ts";

export interface DirectoryOptions {
  /** Absolute. Holds one folder an entry, or is the folder of a single entry. */
  root: string;
  /** Where parsed listings are kept. */
  cache: string;
  /** Default: the root. */
  origin?: string | undefined;
  /** Stands for the content of the folder where that never changes; default: names, sizes and times of the files. */
  state?: string | undefined;
}

/** A catalogue in a folder: one version an entry. */
export class DirectoryCatalogue implements Catalogue {
  readonly origin: string;
  readonly #root: string;
  readonly #cache: IndexCache;
  readonly #state: string | undefined;

  constructor({ root, cache, origin = root, state }: DirectoryOptions) {
    this.origin = origin;
    this.#root = root;
    this.#cache = new IndexCache(cache);
    this.#state = state;
  }

  async list(): Promise<CatalogueListing> {
    // A state that never changes needs no look at the files.
    if (this.#state !== undefined) {
      return this.#cache.listing(this.origin, this.#state, async () => this.#load(await this.#folders()));
    }
    const folders = await this.#folders();
    const key = hexDigest(JSON.stringify([this.#root, folders]));
    return this.#cache.listing(this.origin, key, () => this.#load(folders));
  }

  async entry(name: string, version?: string): Promise<CatalogueEntry> {
    const { directory } = await this.#find(name);
    const found = await readEntryFolder(join(this.#root, directory ?? ""), directory ?? undefined);
    if (version !== undefined && version !== found.entry.version) {
      throw notFoundError(`${this.origin} has no version ${version} of ${name}`, {
        hint: `it has ${found.entry.version}`,
      });
    }
    return found;
  }

  async versions(name: string): Promise<string[]> {
    return [(await this.#find(name)).version];
  }

  async #find(name: string): Promise<EntrySummary> {
    const { entries, problems } = await this.list();
    const found =
      entries.find((entry) => entry.name === name) ?? entries.find((entry) => entry.directory === name);
    if (found !== undefined) return found;
    const broken = problems.find((problem) => problem.startsWith(`${name}/`));
    throw notFoundError(`${this.origin} has no plugin "${name}"`, { hint: broken });
  }

  /** Folders with a `plugin.json`, each with what changes when that file does. */
  async #folders(): Promise<{ directory: string | null; stamp: string }[]> {
    const own = await stamp(join(this.#root, "plugin.json"));
    if (own !== undefined) return [{ directory: null, stamp: own }];
    const items = await this.#children();
    const found = await Promise.all(
      items.map(async (directory) => ({
        directory,
        stamp: await stamp(join(this.#root, directory, "plugin.json")),
      })),
    );
    return found.flatMap(({ directory, stamp }) => (stamp === undefined ? [] : [{ directory, stamp }]));
  }

  async #children(): Promise<string[]> {
    try {
      return (await fs.readdir(this.#root)).filter((name) => !name.startsWith(".")).sort();
    } catch (cause) {
      throw notFoundError(`there is no catalogue folder ${this.#root}`, { cause });
    }
  }

  async #load(folders: readonly { directory: string | null }[]): Promise<CatalogueListing> {
    const entries: EntrySummary[] = [];
    const problems: string[] = [];
    const names = new Map<string, string | null>();
    for (const { directory } of folders) {
      try {
        const { entry } = await readEntryFolder(join(this.#root, directory ?? ""), directory ?? undefined);
        const other = names.get(entry.name);
        if (other !== undefined) {
          problems.push(`${directory}/plugin.json: the name ${entry.name} is taken by the folder ${other}`);
          continue;
        }
        names.set(entry.name, directory);
        entries.push({ ...summarise(entry), directory });
      } catch (error) {
        problems.push(describe(directory, toPlugctlError(error)));
      }
    }
    return { entries: entries.sort((one, other) => (one.name < other.name ? -1 : 1)), problems };
  }
}

/** Begins with the folder, by which a search for the name finds it. */
function describe(directory: string | null, { message }: PlugctlError): string {
  const label = `${directory ?? "."}/plugin.json`;
  return message.startsWith(label) ? message : `${label}: ${message}`;
}

async function stamp(file: string): Promise<string | undefined> {
  try {
    const { size, mtimeMs, ctimeMs, ino } = await fs.stat(file);
    return `${size}-${mtimeMs}-${ctimeMs}-${ino}`;
  } catch {
    return undefined;
  }
}
