import type { ProgressListener } from "../../core/progress.ts";
import type { ServerModule } from "../module.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { Database } from "../storage/database.ts";

/** A blob that nobody refers to yet may belong to a publish that is under way. */
const MIN_AGE_MS = 24 * 3600_000;

export interface Collected {
  removed: number;
  /** Bytes. */
  freed: number;
}

/** Removes blobs that no module refers to, whether it runs or not, and that have not been stored for a day. */
export async function collectGarbage(
  { blobs, database }: { blobs: BlobStore; database: Database },
  modules: readonly ServerModule[],
  options: { now: Date; progress: ProgressListener; signal: AbortSignal },
): Promise<Collected> {
  const { now, progress, signal } = options;
  const storedBefore = now.getTime() - MIN_AGE_MS;
  const candidates = new Map<string, number>();
  progress({ phase: "listing", message: "looking for old blobs" });
  for await (const { sha256, size, storedAt } of blobs.list()) {
    if (storedAt < storedBefore) candidates.set(sha256, size);
  }
  for (const module of modules) {
    progress({ phase: "references", message: `looking what ${module.name} needs` });
    for await (const sha256 of module.referencedBlobs?.(database) ?? []) candidates.delete(sha256);
  }
  const collected = { removed: 0, freed: 0 };
  for (const [sha256, size] of candidates) {
    signal.throwIfAborted();
    await blobs.delete(sha256, { storedBefore });
    collected.removed++;
    collected.freed += size;
    progress({
      phase: "removing",
      message: "removing what nobody needs",
      done: collected.removed,
      total: candidates.size,
      unit: "items",
    });
  }
  return collected;
}
