import { promises as fs } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { invalidError } from "../../core/errors.ts";
import { writeDurably } from "../durable-file.ts";
import { hexDigest } from "./cache-folder.ts";
import { parseJson } from "./entry-folder.ts";
import { download, type Fetch } from "./http-client.ts";
import { type IndexItem, parseIndex } from "./index-format.ts";

/** Bytes. */
const INDEX_LIMIT = 64 * 1024 * 1024;

const stateSchema = z.object({
  etag: z.nullable(z.string()),
  fetchedAt: z.number(),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
type State = z.output<typeof stateSchema>;

/** An index as it was when last read. */
export interface CurrentIndex {
  sha256: string;
  /** Why it may be out of date; null = it is not. */
  stale: string | null;
  items(): Promise<IndexItem[]>;
}

/** The index of a web server, kept in a folder and asked for again only by its ETag. */
export class HttpIndex {
  readonly #url: URL;
  readonly #folder: string;
  readonly #fetch: Fetch;
  readonly #maxAgeMs: number;

  constructor(url: URL, folder: string, fetch: Fetch, maxAgeMs: number) {
    this.#url = url;
    this.#folder = folder;
    this.#fetch = fetch;
    this.#maxAgeMs = maxAgeMs;
  }

  /** As the server has it, or as last known where that is recent enough or the server cannot be reached. */
  async current(): Promise<CurrentIndex> {
    const known = await this.#known();
    if (known !== undefined && Date.now() - known.fetchedAt < this.#maxAgeMs) return this.#open(known, null);
    try {
      return this.#open(await this.#refresh(known), null);
    } catch (error) {
      if (known === undefined) throw error;
      const since = new Date(known.fetchedAt).toISOString();
      return this.#open(known, `${(error as Error).message}; shown as of ${since}`);
    }
  }

  #open({ sha256 }: State, stale: string | null): CurrentIndex {
    const items = async () => this.#parse(await fs.readFile(join(this.#folder, `${sha256}.json`)));
    return { sha256, stale, items };
  }

  async #refresh(known: State | undefined): Promise<State> {
    const file = await download(this.#fetch, this.#url, { limitBytes: INDEX_LIMIT, etag: known?.etag });
    if (file === null) {
      if (known === undefined)
        throw invalidError(`${this.#url.href} did not change, but nothing was known of it`);
      return this.#remember(known);
    }
    this.#parse(file.bytes);
    const sha256 = hexDigest(file.bytes);
    await writeDurably(join(this.#folder, `${sha256}.json`), file.bytes);
    const state = await this.#remember({ etag: file.etag, sha256 });
    if (known !== undefined && known.sha256 !== sha256) {
      await fs.rm(join(this.#folder, `${known.sha256}.json`), { force: true });
    }
    return state;
  }

  #parse(bytes: Uint8Array): IndexItem[] {
    return parseIndex(parseJson(bytes, this.#url.href), this.#url.href);
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
}
