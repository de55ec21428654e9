import type { Column } from "../../../output/table.ts";

/** Columns of a package in an APT repository. */
export const PACKAGE_COLUMNS: readonly Column[] = [
  { key: "channel", drop: 0 },
  { key: "package", drop: 0 },
  { key: "version", drop: 0 },
  { key: "architecture", drop: 3 },
  { key: "sizeBytes", title: "size", as: "size", drop: 2 },
  { key: "publishedAt", title: "published", as: "time", drop: 1 },
];
