import { LRUCache } from "lru-cache";
import type { StoreDatabase } from "../store-database.ts";
import { type CdnFile, toCdnFile } from "./cdn-file.ts";
import type { CdnAddress } from "./cdn-path.ts";

const KEPT_FILES = 10_000;

/**
 * Looks files up by their exact (plugin, version, path) and keeps those in use in memory. What is not there is asked of
 * the database each time, so that a new version is seen at once.
 */
export class CdnIndex {
  readonly #db: StoreDatabase;
  readonly #files = new LRUCache<string, CdnFile>({ max: KEPT_FILES });
  /** Goes up whenever something is dropped: what was read before that must not be kept. */
  #generation = 0;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** @param url the part of the request's URL after `/cdn/`, as it was sent. */
  cached(url: string): CdnFile | undefined {
    return this.#files.get(url);
  }

  /** Reads a file's facts, and keeps them under `url`. */
  async find(url: string, address: CdnAddress): Promise<CdnFile | "purged" | undefined> {
    const generation = this.#generation;
    const { plugin, version, path } = address;
    const row = await this.#db
      .selectFrom("file")
      .innerJoin("version", (join) =>
        join.onRef("version.plugin_id", "=", "file.plugin_id").onRef("version.version", "=", "file.version"),
      )
      .select(["file.sha256", "file.size", "file.type", "version.published_at"])
      .where("file.plugin_id", "=", plugin)
      .where("file.version", "=", version)
      .where("file.path", "=", path)
      .where("file.served", "=", 1)
      .executeTakeFirst();
    if (row === undefined) return (await this.#isPurged(plugin, version)) ? "purged" : undefined;
    const variants = await this.#db
      .selectFrom("variant")
      .selectAll()
      .where("sha256", "=", row.sha256)
      .execute();
    const file = toCdnFile({
      ...address,
      sha256: row.sha256,
      size: row.size,
      type: row.type,
      publishedAt: new Date(row.published_at),
      variants: variants.flatMap(({ encoding, blob_sha256: blob, size }) =>
        blob === null || size === null ? [] : [{ encoding, blob, size }],
      ),
      varies: variants.some((variant) => variant.state !== "dropped"),
    });
    if (generation === this.#generation) this.#files.set(url, file);
    return file;
  }

  async #isPurged(plugin: string, version: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom("version")
      .select("state")
      .where("plugin_id", "=", plugin)
      .where("version", "=", version)
      .executeTakeFirst();
    return row?.state === "purged";
  }

  /** The content has new variants. */
  dropContent(sha256: string): void {
    this.#drop((file) => file.sha256 === sha256);
  }

  dropVersion(plugin: string, version: string): void {
    this.#drop((file) => file.plugin === plugin && file.version === version);
  }

  #drop(matches: (file: CdnFile) => boolean): void {
    this.#generation++;
    for (const [url, file] of this.#files.entries()) if (matches(file)) this.#files.delete(url);
  }
}
