import { createHash } from "node:crypto";
import { z } from "zod";
import { invalidError, notFoundError } from "../../../core/errors.ts";
import { type Entry, parseEntry } from "../../../core/marketplace/entry.ts";
import { summarise } from "../../../core/marketplace/search.ts";
import { compareVersions } from "../../../core/marketplace/version.ts";
import type { Catalogue, CatalogueEntry } from "../../../engine/catalogue/catalogue.ts";
import { Problem } from "../../http/problem.ts";
import type { ContainerDatabase } from "../tables.ts";

/** What Thinger's own pipeline sends for each version of a plugin. */
export const publicationSchema = z.object({
  plugin: z.string().min(1).max(100),
  version: z.string().min(1).max(100).meta({ description: "with a leading v; or `develop`" }),
  branch: z.string().max(300).optional(),
  commit: z.string().max(100).optional(),
  repository: z.string().max(1000).optional(),
  server_url: z.string().max(1000).optional(),
  plugin_file: z.record(z.string(), z.unknown()).meta({ description: "the whole plugin.json" }),
});
export type Publication = z.output<typeof publicationSchema>;

/** The tag of builds that are not released: it may be published again and again. */
const DEVELOP = "develop";
const ORIGIN = "published";

/** Entries that were published to this server: their descriptions, without the files around them. */
export class PublishedEntries implements Catalogue {
  readonly origin = ORIGIN;
  readonly #db: ContainerDatabase;
  readonly #now: () => Date;

  constructor(db: ContainerDatabase, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  /**
   * @returns true when it is new, false when the same was published before.
   * @throws INVALID for a description that does not fit its name and tag; Problem 409 when that version is another one.
   */
  async publish(name: string, tag: string, publication: Publication, login: string): Promise<boolean> {
    const entry = parseEntry(publication.plugin_file);
    if (entry.name !== name || publication.plugin !== name) {
      throw invalidError(`the description is that of ${entry.name}, not of ${name}`);
    }
    if (publication.version !== tag)
      throw invalidError(`the tag is ${tag}, but the version ${publication.version}`);
    const version = tag === DEVELOP ? DEVELOP : tag.replace(/^v/, "");
    if (version !== DEVELOP && version !== entry.version) {
      throw invalidError(`the tag is ${tag}, but plugin.json has the version ${entry.version}`);
    }
    const text = JSON.stringify(publication);
    return this.#db.transaction().execute(async (trx) => {
      const known = await trx
        .selectFrom("container_publication")
        .select("publication")
        .where("name", "=", name)
        .where("version", "=", version)
        .executeTakeFirst();
      if (known?.publication === text) return false;
      if (known !== undefined && version !== DEVELOP && !sameFile(known.publication, publication)) {
        throw new Problem(409, "version_exists", `${name} ${version} was published with another description`);
      }
      const row = { publication: text, published_by: login, published_at: this.#now().toISOString() };
      await trx
        .insertInto("container_publication")
        .values({ name, version, ...row })
        .onConflict((conflict) => conflict.columns(["name", "version"]).doUpdateSet(row))
        .execute();
      return true;
    });
  }

  async list() {
    const newest = new Map<string, Entry>();
    for (const { name, entry } of await this.#released()) {
      const known = newest.get(name);
      if (known === undefined || compareVersions(entry.version, known.version) > 0) newest.set(name, entry);
    }
    return { entries: [...newest.values()].map(summarise), problems: [] };
  }

  async entry(name: string, version?: string): Promise<CatalogueEntry> {
    const wanted = version ?? (await this.versions(name))[0];
    const row = await this.#db
      .selectFrom("container_publication")
      .select("publication")
      .where("name", "=", name)
      .where("version", "=", wanted ?? "")
      .executeTakeFirst();
    if (row === undefined)
      throw notFoundError(`${name}${version ? ` ${version}` : ""} was not published here`);
    const file: Publication = JSON.parse(row.publication);
    const noFiles = async () => {
      throw notFoundError(`${name} was published without the files around its description`);
    };
    return {
      entry: parseEntry(file.plugin_file),
      manifestDigest: `sha256:${createHash("sha256").update(JSON.stringify(file.plugin_file)).digest("hex")}`,
      readme: async () => null,
      changelog: async () => null,
      asset: noFiles,
      folder: noFiles,
    };
  }

  async versions(name: string): Promise<string[]> {
    const versions = (await this.#released())
      .filter((row) => row.name === name)
      .map(({ entry }) => entry.version);
    if (versions.length === 0) throw notFoundError(`no plugin "${name}" was published here`);
    return versions.sort((one, other) => compareVersions(other, one));
  }

  async #released(): Promise<{ name: string; entry: Entry }[]> {
    const rows = await this.#db
      .selectFrom("container_publication")
      .select(["name", "publication"])
      .where("version", "!=", DEVELOP)
      .execute();
    return rows.map(({ name, publication }) => ({
      name,
      entry: parseEntry((JSON.parse(publication) as Publication).plugin_file),
    }));
  }
}

const sameFile = (stored: string, { plugin_file: file }: Publication) =>
  JSON.stringify((JSON.parse(stored) as Publication).plugin_file) === JSON.stringify(file);
