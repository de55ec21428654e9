/** What one command of a change may use at most, with all that it starts. Sizes are in bytes. */
export interface ChangeLimits {
  /** At the same time, threads included. */
  processes: number;
  /** Of all processes together; a single one gets no more either. */
  memoryBytes: number;
  outputBytes: number;
  /** Of the largest file. */
  fileBytes: number;
  /** Of all that is written to the tree. */
  treeBytes: number;
  treeFiles: number;
}

const MEBIBYTE = 1024 ** 2;

/** Wide enough for large packages of Debian's own, which come in with a plugin that needs them. */
export const CHANGE_LIMITS: ChangeLimits = {
  processes: 1024,
  memoryBytes: 4096 * MEBIBYTE,
  outputBytes: 16 * MEBIBYTE,
  fileBytes: 4096 * MEBIBYTE,
  treeBytes: 8192 * MEBIBYTE,
  treeFiles: 1_000_000,
};
