import type { ProgressListener } from "./progress.ts";

export interface BackupSummary {
  name: string;
  version: string | null;
  file: string;
  sizeBytes: number;
  sha256: string;
  volumes: string[];
}

/** Volumes and settings of a plugin in one checksummed archive, taken while it is paused or stopped. */
export interface Safekeeping {
  backup(request: { name: string; file: string }, progress: ProgressListener): Promise<BackupSummary>;
  /** Also on another target. @throws VERIFICATION for a damaged archive, CONFLICT when it exists and `replace` is not set. */
  restore(
    request: { file: string; name?: string | undefined; replace: boolean },
    progress: ProgressListener,
  ): Promise<BackupSummary>;
}

export interface StoredImage {
  reference: string;
  digest: string;
  sizeBytes: number;
  createdAt: string;
  usedBy: string[];
}

export interface Images {
  images(): Promise<StoredImage[]>;
  /** Removes images of plugins that no plugin uses, nor would use after a rollback. */
  prune(request: { dryRun: boolean }): Promise<{ removed: string[]; freedBytes: number }>;
}
