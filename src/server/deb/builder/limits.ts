/** What programs of others may use at most, with all that they start. Sizes are in bytes. */
export interface UsageLimits {
  /** At the same time, threads included. */
  processes: number;
  /** Of all processes together; a single one gets no more either. */
  memoryBytes: number;
  outputBytes: number;
  /** Of the largest file. */
  fileBytes: number;
  /** Of all that is written to the folder that they work in. */
  treeBytes: number;
  treeFiles: number;
}

/** What a step of a plugin's may use at most; its folder begins with the plugin's own files. */
export interface BuildLimits extends UsageLimits {
  /** For each step. */
  seconds: number;
  /** Of what goes into the package. */
  packageBytes: number;
  packageFiles: number;
}

const MEBIBYTE = 1024 ** 2;

export const BUILD_LIMITS: BuildLimits = {
  seconds: 600,
  outputBytes: 16 * MEBIBYTE,
  processes: 512,
  memoryBytes: 4096 * MEBIBYTE,
  fileBytes: 2048 * MEBIBYTE,
  treeBytes: 4096 * MEBIBYTE,
  treeFiles: 500_000,
  packageBytes: 1024 * MEBIBYTE,
  packageFiles: 100_000,
};

/** Kept free on the disk whatever the limits allow. */
export const RESERVE_BYTES = 128 * MEBIBYTE;

/** Of `/tmp` and the like, which are in memory. */
export const SCRATCH_BYTES = 512 * MEBIBYTE;

/** A limit as people read it: `512 MiB`. */
export const shownBytes = (bytes: number): string =>
  bytes < MEBIBYTE ? `${bytes} bytes` : `${Math.round(bytes / MEBIBYTE)} MiB`;
