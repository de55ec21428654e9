import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { DiscoveryDocument } from "./document.ts";

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

/** Levels that keep up with frequent changes: some ten milliseconds for a megabyte. */
const GZIP_LEVEL = 6;
const BROTLI_QUALITY = 5;

/**
 * Adds compressed forms to documents, away from requests and one document at a time. Of those that wait only the
 * newest is taken: under a stream of publishes the others are out of date already.
 */
export class BodyCompressor {
  #busy = false;
  #next: DiscoveryDocument | undefined;

  add(document: DiscoveryDocument): void {
    if (this.#busy) this.#next = document;
    else void this.#run(document);
  }

  async #run(first: DiscoveryDocument): Promise<void> {
    this.#busy = true;
    for (let document: DiscoveryDocument | undefined = first; document !== undefined; ) {
      const [gzipped, brotli] = await Promise.all([
        compressGzip(document.body, { level: GZIP_LEVEL }),
        compressBrotli(document.body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
      ]);
      document.addCoding("gzip", gzipped);
      document.addCoding("br", brotli);
      document = this.#next;
      this.#next = undefined;
    }
    this.#busy = false;
  }
}
