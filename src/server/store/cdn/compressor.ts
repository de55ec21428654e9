import { Readable } from "node:stream";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Logger } from "pino";
import type { BlobStore } from "../../storage/blobs.ts";
import type { BlobGate } from "../publish/gate.ts";
import type { StoreDatabase } from "../store-database.ts";

const KiB = 1024;
/** A variant is kept only if it is at most this part of the identity. */
const WORTH = 0.9;

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

/** Higher levels take several times as long for the last few percent, so large files get less (measured: spec 5.3). */
function brotliQuality(size: number): number {
  if (size <= 512 * KiB) return 11;
  return size <= 4096 * KiB ? 9 : 5;
}

const compress: Readonly<Record<string, (content: Buffer) => Promise<Buffer>>> = {
  gzip: (content) => compressGzip(content, { level: 9 }),
  br: (content) =>
    compressBrotli(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: brotliQuality(content.length),
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
};

export interface CompressorParts {
  db: StoreDatabase;
  blobs: BlobStore;
  gate: BlobGate;
  log: Logger;
  /** Called when the variants of a blob are there. */
  onVariants: (sha256: string) => void;
}

/**
 * Makes the compressed variants that publishing has asked for, one file at a time on zlib's threads. What is to do is
 * in the database, so a restart goes on where the last run ended.
 */
export class Compressor {
  readonly #parts: CompressorParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;

  constructor(parts: CompressorParts) {
    this.#parts = parts;
  }

  /** Says that there may be something to do. */
  wake(): void {
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#running = this.drain(this.#stopping.signal)
      .catch((error: unknown) => this.#parts.log.error({ err: error }, "compressing published files failed"))
      .then(() => {
        this.#running = undefined;
        if (!this.#again || this.#stopping.signal.aborted) return;
        this.#again = false;
        this.wake();
      });
  }

  /** Resolves when nothing is left to do, or soon after `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { db } = this.#parts;
      const next = await db
        .selectFrom("variant")
        .select("sha256")
        .where("state", "=", "pending")
        .orderBy("sha256")
        .limit(1)
        .executeTakeFirst();
      if (next === undefined) return;
      await this.#compressBlob(next.sha256);
    }
  }

  /** Resolves when the file at hand is done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #compressBlob(sha256: string): Promise<void> {
    const { db, blobs, gate, onVariants } = this.#parts;
    const pending = await db
      .selectFrom("variant")
      .select("encoding")
      .where("sha256", "=", sha256)
      .where("state", "=", "pending")
      .execute();
    const size = await blobs.size(sha256);
    const content = size === undefined ? undefined : await blobs.read(sha256);
    const made = new Map<string, Buffer | undefined>();
    for (const { encoding } of pending) {
      const result = content && (await compress[encoding]?.(content));
      const isWorth =
        content !== undefined && result !== undefined && result.length <= content.length * WORTH;
      made.set(encoding, isWorth ? result : undefined);
    }
    await gate.write(async () => {
      const rows = new Map<string, { blob_sha256: string; size: number } | undefined>();
      for (const [encoding, result] of made) {
        const stored = result && (await blobs.put(Readable.from([result])));
        rows.set(encoding, stored && { blob_sha256: stored.sha256, size: stored.size });
      }
      await db.transaction().execute(async (transaction) => {
        for (const [encoding, row] of rows) {
          await transaction
            .updateTable("variant")
            .set(row === undefined ? { state: "dropped" } : { state: "kept", ...row })
            .where("sha256", "=", sha256)
            .where("encoding", "=", encoding)
            .execute();
        }
      });
    });
    onVariants(sha256);
  }
}
