/** One difference between what is installed and what its source offers; paths are dotted, outermost first. */
export interface Difference {
  path: string;
  /** Seen from what is installed: `added` is what only the source has. */
  change: "added" | "removed" | "changed";
  /** As installed; null where it is added. */
  from: unknown;
  /** As offered; null where it is removed. */
  to: unknown;
}

export interface ComparisonResult {
  name: string;
  installedVersion: string | null;
  offeredVersion: string | null;
  /** Empty when there is nothing that an update would change, and no setting that the source does not say. */
  changes: Difference[];
}

export interface Comparison {
  /** @throws NOT_FOUND when it is not installed, or its source is gone; UNAVAILABLE when that does not answer. */
  diff(name: string): Promise<ComparisonResult>;
}
