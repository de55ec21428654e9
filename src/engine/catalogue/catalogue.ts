import type { Entry } from "../../core/marketplace/entry.ts";
import type { EntrySummary } from "../../core/marketplace/search.ts";

/** A source of marketplace entries. Everything in it was written by somebody else: it is checked before it is used. */
export interface Catalogue {
  /** Where it comes from, without credentials: for labels and messages. */
  readonly origin: string;
  /** Newest version of each entry, by name. @throws UNAVAILABLE, TIMEOUT, INVALID when there is nothing to show at all. */
  list(): Promise<CatalogueListing>;
  /**
   * @param name the entry's name, or the name of its folder.
   * @param version default: the newest.
   * @throws NOT_FOUND naming what there is; INVALID when the entry cannot be read.
   */
  entry(name: string, version?: string): Promise<CatalogueEntry>;
  /** Newest first. @throws NOT_FOUND. */
  versions(name: string): Promise<string[]>;
}

export interface CatalogueListing {
  entries: EntrySummary[];
  /** What cannot be shown, or is shown as it was some time ago; one sentence each. */
  problems: string[];
}

/** One version of one entry, with the files around it. */
export interface CatalogueEntry {
  entry: Entry;
  /** `sha256:` and the hex digest of plugin.json as it is stored. */
  manifestDigest: string;
  /** Markdown; null when there is none. */
  readme(): Promise<string | null>;
  changelog(): Promise<string | null>;
  /** A file of the entry, such as its icon. @throws NOT_FOUND, INVALID for a path that leads out of its folder. */
  asset(path: string): Promise<Uint8Array>;
  /** A folder on this machine with all files of the entry, for what is copied at installation. Not to be written to. */
  folder(): Promise<string>;
}
