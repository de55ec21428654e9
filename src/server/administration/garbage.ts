import { conflictError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { ModuleState } from "../module-states.ts";
import type { BlobStore } from "../storage/blobs.ts";

/** A blob that nobody refers to yet may belong to a publish that is under way. */
const MIN_AGE_MS = 24 * 3600_000;

export interface Collected {
  removed: number;
  /** Bytes. */
  freed: number;
}

/**
 * Refuses while a module that keeps blobs is not running: what it refers to is not known, and would be taken for garbage.
 * @throws CONFLICT naming the modules.
 */
export function assertReferencesKnown(modules: ReadonlyMap<string, ModuleState>): void {
  const absent = [...modules]
    .filter(([, state]) => state.state !== "ready" && !state.withoutBlobs)
    .map(([name]) => name);
  if (absent.length > 0) {
    throw conflictError(
      `garbage cannot be told from what these modules need while they do not run: ${absent.join(", ")}`,
    );
  }
}

/** Removes blobs that no module refers to and that have not been stored for a day. */
export async function collectGarbage(
  blobs: BlobStore,
  modules: ReadonlyMap<string, ModuleState>,
  options: { now: Date; progress: ProgressListener; signal: AbortSignal },
): Promise<Collected> {
  const { now, progress, signal } = options;
  const storedBefore = now.getTime() - MIN_AGE_MS;
  const candidates = new Map<string, number>();
  progress({ phase: "listing", message: "looking for old blobs" });
  for await (const { sha256, size, storedAt } of blobs.list()) {
    if (storedAt < storedBefore) candidates.set(sha256, size);
  }
  for (const [name, state] of modules) {
    if (state.state !== "ready") continue;
    progress({ phase: "references", message: `asking ${name} what it needs` });
    for await (const sha256 of state.running.referencedBlobs?.() ?? []) candidates.delete(sha256);
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
