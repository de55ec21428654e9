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

/** All plugins in memory, so that lists and discovery need no query. Always derived from the database. */
export class Catalog {
  readonly #db: StoreDatabase;
  readonly #entries = new Map<string, CatalogEntry>();
  #sorted: readonly CatalogEntry[] = [];
  #feed: FeedState = { revision: 0, listings: [] };
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(db: StoreDatabase) {
    this.#db = db;
  }

  static async load(db: StoreDatabase): Promise<Catalog> {
    const catalog = new Catalog(db);
    for (const entry of await loadEntries(db)) catalog.#entries.set(entry.id, entry);
    catalog.#sort();
    catalog.#setFeed(await catalog.#readRevision());
    return catalog;
  }

  get(id: string): CatalogEntry | undefined {
    return this.#entries.get(id);
  }

  /** Sorted by id. */
  get entries(): readonly CatalogEntry[] {
    return this.#sorted;
  }

  /** Another object after every change of the feed. */
  get feed(): FeedState {
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
    if (previous === undefined) this.#sort();
    else this.#sorted = this.#sorted.map((other) => (other === previous ? entry : other));
    // The revision alone does not tell: it may have been read ahead, with the change before this one.
    if (revision !== this.#feed.revision || !isSameListing(previous?.listing, entry.listing)) {
      this.#setFeed(revision);
    }
  }

  /** Ids are ASCII, so the order of code units is the bytewise order. */
  #sort(): void {
    this.#sorted = [...this.#entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #setFeed(revision: number): void {
    this.#feed = { revision, listings: this.#sorted.flatMap((entry) => entry.listing ?? []) };
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
