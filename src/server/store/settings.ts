const KiB = 1024;
const MiB = 1024 * KiB;

/** Limits of an upload (discovery-store spec, 3.10). */
export interface ArchiveLimits {
  /** Of the request body as sent. */
  archiveBytes: number;
  /** Of the tar stream, headers included. */
  unpackedBytes: number;
  fileBytes: number;
  /** Of everything in the archive, folders included. */
  entries: number;
  /** Segments of a path, the file's own name included. */
  depth: number;
  /** Unpacked to packed, looked at once `ratioFreeBytes` are unpacked. */
  ratio: number;
  ratioFreeBytes: number;
}

export interface StoreSettings {
  archive: ArchiveLimits;
  /** An upload of which nothing arrives for this long is ended. (The server bounds every request's whole time.) */
  uploadIdleMs: number;
  /** Publishes per token (or user) and hour; null = no limit, so that a CI job may publish thousands. */
  publishesPerHour: number | null;
  /** Files up to `cacheFileBytes` are answered from memory, `cacheBytes` in all. */
  cacheBytes: number;
  cacheFileBytes: number;
}

export const DEFAULT_SETTINGS: StoreSettings = {
  archive: {
    archiveBytes: 32 * MiB,
    unpackedBytes: 128 * MiB,
    fileBytes: 32 * MiB,
    entries: 5000,
    depth: 16,
    ratio: 200,
    ratioFreeBytes: 10 * MiB,
  },
  uploadIdleMs: 30_000,
  publishesPerHour: null,
  cacheBytes: 64 * MiB,
  cacheFileBytes: 256 * KiB,
};
