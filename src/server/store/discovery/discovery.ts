import { LRUCache } from "lru-cache";
import type { Catalog, FeedState } from "../catalog/catalog.ts";
import { BodyCompressor } from "./body-compressor.ts";
import { type DiscoveryDocument, renderDocument, type Shape } from "./document.ts";

/** Documents kept: both shapes for a few host names. A larger number would let forged names fill the memory. */
const KEPT_DOCUMENTS = 8;
const COMPRESSED_FROM_BYTES = 1024;

/** The current documents of the feed, rendered when first asked for after a change. */
export class Discovery {
  readonly #catalog: Catalog;
  readonly #compressor = new BodyCompressor();
  readonly #documents = new LRUCache<string, { feed: FeedState; document: DiscoveryDocument }>({
    max: KEPT_DOCUMENTS,
  });

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  document(shape: Shape, origin: string): DiscoveryDocument {
    const { feed } = this.#catalog;
    const key = `${shape} ${origin}`;
    const kept = this.#documents.get(key);
    if (kept?.feed === feed) return kept.document;
    const document = renderDocument(feed, shape, origin);
    this.#documents.set(key, { feed, document });
    if (document.body.length >= COMPRESSED_FROM_BYTES) this.#compressor.add(document);
    return document;
  }
}
