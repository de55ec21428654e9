import type { StoreDatabase } from "../store-database.ts";
import { MAIN_FEED } from "../tables.ts";
import type { Listing } from "./listing.ts";
import { type CatalogEntry, loadEntries } from "./load.ts";

/** What a feed returns at one moment. */
export interface FeedState {
  /** As in the database; in `X-Plugctl-Revision`. */
  revision: number;
  /** Sorted by id. */
  listings: readonly Listing[];
}

const isSameListing = (a: Listing | null | undefined, b: Listing | null) => a?.item.join() === b?.item.join();

/**
 * All plugins in memory, so that lists and discovery need no query. Always derived from the database. A change costs
 * its own plugin only; what is made of all plugins is made when somebody next asks for it.
 */
export class Catalog {
  readonly #db: StoreDatabase;
  readonly #entries = new Map<string, CatalogEntry>();
  #sorted: readonly CatalogEntry[] | undefined;
  #feed: FeedState | undefined;
  #revision = 0;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(db: StoreDatabase) {
    this.#db = db;
  }

  static async load(db: StoreDatabase): Promise<Catalog> {
    const catalog = new Catalog(db);
    for (const entry of await loadEntries(db)) catalog.#entries.set(entry.id, entry);
    catalog.#revision = await catalog.#readRevision();
    return catalog;
  }

  get(id: string): CatalogEntry | undefined {
    return this.#entries.get(id);
  }

  /** Sorted by id. Ids are ASCII, so the order of code units is the bytewise order. */
  get entries(): readonly CatalogEntry[] {
    this.#sorted ??= [...this.#entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return this.#sorted;
  }

  /** Another object after every change of the feed. */
  get feed(): FeedState {
    this.#feed ??= {
      revision: this.#revision,
      listings: this.entries.flatMap((entry) => entry.listing ?? []),
    };
    return this.#feed;
  }

  /** Takes over what was committed for a plugin. Refreshes take turns, so an older state never replaces a newer one. */
  refresh(id: string): Promise<void> {
    const turn = this.#refreshing.then(() => this.#read(id));
    this.#refreshing = turn.catch(() => {});
    return turn;
  }

  async #read(id: string): Promise<void> {
    const [entry] = await loadEntries(this.#db, id);
    const revision = await this.#readRevision();
    if (entry === undefined) return;
    const previous = this.#entries.get(id);
    this.#entries.set(id, entry);
    this.#sorted = undefined;
    // The revision alone does not tell: it may have been read ahead, with the change before this one.
    if (revision === this.#revision && isSameListing(previous?.listing, entry.listing)) return;
    this.#revision = revision;
    this.#feed = undefined;
  }

  async #readRevision(): Promise<number> {
    const row = await this.#db
      .selectFrom("feed")
      .select("revision")
      .where("id", "=", MAIN_FEED)
      .executeTakeFirstOrThrow();
    return row.revision;
  }
}
