import { promises as fs } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { writeDurably } from "../durable-file.ts";
import { shortHash } from "./cache-folder.ts";
import type { CatalogueListing } from "./catalogue.ts";

/** Counts up when summaries are made in another way, so that those of an older program are not taken. */
const FORMAT = 1;

const nullable = z.nullable(z.string());
const cachedSchema = z.object({
  format: z.literal(FORMAT),
  key: z.string(),
  listing: z.object({
    entries: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        kind: z.enum(["container", "product", "resources"]),
        directory: nullable,
        title: z.string(),
        description: nullable,
        category: z.string(),
        vendor: nullable,
        icon: nullable,
        deprecated: z.nullable(z.object({ message: nullable, replacement: nullable })),
      }),
    ),
    problems: z.array(z.string()),
  }),
});

/** Parsed listings in a folder that may be deleted at any time: one file a catalogue, valid for one state of it. */
export class IndexCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The listing of the state that `key` stands for, or what `load` makes of it. */
  async listing(
    origin: string,
    key: string,
    load: () => Promise<CatalogueListing>,
  ): Promise<CatalogueListing> {
    const file = join(this.#folder, `index-${shortHash(origin)}.json`);
    const cached = await readCached(file);
    if (cached?.key === key) return cached.listing;
    const listing = await load();
    try {
      await writeDurably(file, JSON.stringify({ format: FORMAT, key, listing }));
    } catch {
      // A cache that cannot be written costs time, and nothing else.
    }
    return listing;
  }
}

async function readCached(file: string) {
  try {
    const result = cachedSchema.safeParse(JSON.parse(await fs.readFile(file, "utf8")));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
