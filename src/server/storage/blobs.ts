import type { Readable } from "node:stream";

export interface StoredBlob {
  /** Lower-case hex. */
  sha256: string;
  /** SRI string, `sha384-…`. */
  integrity: string;
  size: number;
}

/** Content-addressed files: a blob is written whole or not at all and never changes. */
export interface BlobStore {
  /**
   * Stores a stream: temporary name, fsync, rename, fsync of the folder. A blob that exists already is kept
   * and counts as stored now.
   * @throws when `maxBytes` is exceeded (nothing stays behind) or the source fails.
   */
  put(source: AsyncIterable<Uint8Array>, options?: { maxBytes?: number }): Promise<StoredBlob>;
  /** Bytes `start`..`end` (inclusive), or all. The promise rejects with ENOENT when the blob does not exist. */
  open(sha256: string, range?: { start: number; end: number }): Promise<Readable>;
  /** The whole blob. For small ones: the caller knows the size. */
  read(sha256: string): Promise<Buffer>;
  size(sha256: string): Promise<number | undefined>;
  /**
   * Removes a blob, if it is there. With `storedBefore` (ms) only one that has not been stored again since: a blob
   * that somebody is about to refer to is spared.
   */
  delete(sha256: string, options?: { storedBefore?: number }): Promise<void>;
  /** Puts deletions off until the returned function is called, so that a copy of all blobs can be made. */
  holdDeletes(): () => void;
  /** Every blob, in no order; for garbage collection and backup. `storedAt` in ms. */
  list(): AsyncIterable<{ sha256: string; size: number; storedAt: number }>;
}
