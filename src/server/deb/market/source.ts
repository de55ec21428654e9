import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { z } from "zod";
import { PlugctlError } from "../../../core/errors.ts";
import { writeDurableFile } from "../../storage/durable.ts";
import { type MarketItem, parseMarket } from "./document.ts";

/** A document is asked for again after this time. */
const FRESH_MS = 30_000;
/** A market that is away is answered for from its last document for so long. */
const STALE_MS = 7 * 24 * 3600_000;
const FETCH_MS = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;

const cacheSchema = z.object({
  fetchedAt: z.number(),
  etag: z.string().nullable(),
  content: z.unknown(),
});
type Cached = z.output<typeof cacheSchema>;

/** One market: a document on a web server or in a file. */
export interface MarketSource {
  /** @throws UNAVAILABLE when it cannot be had. */
  items(): Promise<readonly MarketItem[]>;
}

const unavailable = (location: string, why: string, cause?: unknown) =>
  new PlugctlError("UNAVAILABLE", `the market ${location} cannot be read: ${why}`, { cause });

function toItems(content: unknown, location: string, log: Logger): MarketItem[] {
  try {
    const { items, refused } = parseMarket(content);
    if (refused.length > 0) log.warn({ market: location, refused }, "a market has items that are no plugins");
    return items;
  } catch (cause) {
    throw unavailable(location, "it is no market document", cause);
  }
}

/** A file, read at each request: whoever changes it sees the change at once. */
export function fileMarket(path: string, log: Logger): MarketSource {
  return {
    async items() {
      const text = await readFile(path, "utf8").catch((cause: Error) => {
        throw unavailable(path, cause.message, cause);
      });
      try {
        return toItems(JSON.parse(text), path, log);
      } catch (cause) {
        if (cause instanceof SyntaxError) throw unavailable(path, "it is not JSON", cause);
        throw cause;
      }
    },
  };
}

/** A mirror of a document on a web server: asked for with its ETag, kept on disk for when the server is away. */
export class WebMarket implements MarketSource {
  readonly #url: string;
  readonly #file: string;
  readonly #log: Logger;
  readonly #now: () => Date;
  #cached: Cached | undefined;
  #items: readonly MarketItem[] = [];
  #checkedAt = 0;
  #refreshing: Promise<void> | undefined;

  private constructor(url: string, file: string, log: Logger, now: () => Date) {
    this.#url = url;
    this.#file = file;
    this.#log = log;
    this.#now = now;
  }

  /** @param folder for the copy. */
  static async open(
    url: string,
    { folder, log, now }: { folder: string; log: Logger; now: () => Date },
  ): Promise<WebMarket> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${createHash("sha256").update(url).digest("hex")}.json`);
    const market = new WebMarket(url, file, log, now);
    const stored = await readFile(file, "utf8").catch(() => undefined);
    if (stored !== undefined) {
      const cached = cacheSchema.safeParse(JSON.parse(stored));
      if (cached.success) market.#take(cached.data);
    }
    return market;
  }

  async items(): Promise<readonly MarketItem[]> {
    if (this.#now().getTime() - this.#checkedAt > FRESH_MS) {
      this.#refreshing ??= this.#refresh().finally(() => {
        this.#refreshing = undefined;
      });
      await this.#refreshing;
    }
    return this.#items;
  }

  async #refresh(): Promise<void> {
    try {
      await this.#fetch();
      this.#checkedAt = this.#now().getTime();
    } catch (error) {
      const age = this.#now().getTime() - (this.#cached?.fetchedAt ?? 0);
      if (this.#cached === undefined || age > STALE_MS) {
        throw error instanceof PlugctlError
          ? error
          : unavailable(this.#url, error instanceof Error ? error.message : String(error), error);
      }
      this.#log.warn({ err: error, market: this.#url }, "a market is away; its last document is used");
    }
  }

  async #fetch(): Promise<void> {
    const etag = this.#cached?.etag;
    const answer = await fetch(this.#url, {
      headers: { accept: "application/json", ...(etag ? { "if-none-match": etag } : {}) },
      signal: AbortSignal.timeout(FETCH_MS),
    });
    const fetchedAt = this.#now().getTime();
    if (answer.status === 304 && this.#cached !== undefined) {
      await this.#keep({ ...this.#cached, fetchedAt });
      return;
    }
    if (!answer.ok) throw unavailable(this.#url, `it answers ${answer.status}`);
    const content = await readJson(answer, this.#url);
    await this.#keep({ fetchedAt, etag: answer.headers.get("etag"), content });
  }

  async #keep(cached: Cached): Promise<void> {
    this.#take(cached);
    await writeDurableFile(this.#file, JSON.stringify(cached), 0o600);
  }

  #take(cached: Cached): void {
    this.#items = toItems(cached.content, this.#url, this.#log);
    this.#cached = cached;
  }
}

async function readJson(answer: Response, url: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw unavailable(url, `it is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw unavailable(url, "it is not JSON", cause);
  }
}
