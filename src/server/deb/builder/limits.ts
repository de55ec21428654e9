/** What a step of a plugin's may use at most. Sizes are in bytes. */
export interface BuildLimits {
  /** For each step. */
  seconds: number;
  outputBytes: number;
  /** At the same time, threads included. */
  processes: number;
  /** Of all processes together; a single one gets no more either. */
  memoryBytes: number;
  /** Of the largest file. */
  fileBytes: number;
  /** Of the plugin's folder with all that the steps make in it. */
  treeBytes: number;
  treeFiles: number;
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
