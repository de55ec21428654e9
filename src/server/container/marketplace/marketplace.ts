import { isPlugctlError, notFoundError, toPlugctlError } from "../../../core/errors.ts";
import { type EntryQuery, type EntrySummary, searchEntries } from "../../../core/marketplace/search.ts";
import { compareVersions } from "../../../core/marketplace/version.ts";
import type { Catalogue, CatalogueEntry } from "../../../engine/catalogue/catalogue.ts";

export interface OfferedEntry extends EntrySummary {
  /** The source that offers it. */
  origin: string;
}

/** All sources as one catalogue. Where two offer a name, the one that comes first does. */
export class Marketplace {
  readonly #catalogues: readonly Catalogue[];

  constructor(catalogues: readonly Catalogue[]) {
    this.#catalogues = catalogues;
  }

  /** A source that cannot be read is a problem of the answer, not a failure: the others are shown. */
  async search(query: EntryQuery): Promise<{ entries: OfferedEntry[]; problems: string[] }> {
    const listings = await Promise.all(
      this.#catalogues.map(async (catalogue) => {
        try {
          return { origin: catalogue.origin, ...(await catalogue.list()) };
        } catch (error) {
          const { message } = toPlugctlError(error);
          return { origin: catalogue.origin, entries: [], problems: [`${catalogue.origin}: ${message}`] };
        }
      }),
    );
    const offered = new Map<string, OfferedEntry>();
    for (const { origin, entries } of listings) {
      for (const entry of entries) {
        if (!offered.has(entry.name)) offered.set(entry.name, { ...entry, origin });
      }
    }
    const found = searchEntries([...offered.values()], query) as OfferedEntry[];
    return { entries: found, problems: listings.flatMap(({ problems }) => problems) };
  }

  /** @throws NOT_FOUND when no source has it, or not in that version. */
  async entry(name: string, version?: string): Promise<{ origin: string; found: CatalogueEntry }> {
    return this.#first(name, async (catalogue) => ({
      origin: catalogue.origin,
      found: await catalogue.entry(name, version),
    }));
  }

  /** Newest first, of all sources. @throws NOT_FOUND. */
  async versions(name: string): Promise<string[]> {
    const all = await Promise.all(
      this.#catalogues.map((catalogue) => catalogue.versions(name).catch(ignoreMissing)),
    );
    const versions = [...new Set(all.flat())].sort((one, other) => compareVersions(other, one));
    if (versions.length === 0) throw notFoundError(`the marketplace has no plugin "${name}"`);
    return versions;
  }

  async #first<T>(name: string, look: (catalogue: Catalogue) => Promise<T>): Promise<T> {
    let missing: unknown = notFoundError(`the marketplace has no plugin "${name}"`, {
      hint:
        this.#catalogues.length === 0
          ? "plugctl serve --marketplace DIR|GIT|URL gives it entries"
          : undefined,
    });
    for (const catalogue of this.#catalogues) {
      try {
        return await look(catalogue);
      } catch (error) {
        if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
        missing = error;
      }
    }
    throw missing;
  }
}

function ignoreMissing(error: unknown): string[] {
  if (isPlugctlError(error) && error.code === "NOT_FOUND") return [];
  throw error;
}
