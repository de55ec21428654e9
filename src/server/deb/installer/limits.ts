import type { UsageLimits } from "../builder/limits.ts";

const MEBIBYTE = 1024 ** 2;

/**
 * What one command of a change may use: wide enough for large packages of Debian's own, which come in with a plugin that
 * needs them.
 */
export const CHANGE_LIMITS: UsageLimits = {
  processes: 1024,
  memoryBytes: 4096 * MEBIBYTE,
  outputBytes: 16 * MEBIBYTE,
  fileBytes: 4096 * MEBIBYTE,
  treeBytes: 8192 * MEBIBYTE,
  treeFiles: 1_000_000,
};
