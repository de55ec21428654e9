import type { AuditLog } from "../../events/audit.ts";
import type { EventBus } from "../../events/bus.ts";
import type { Principal } from "../../identity/identity.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import { Scratch } from "../archive/scratch.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { ArchiveLimits } from "../settings.ts";
import { change, type StoreDatabase } from "../store-database.ts";
import { type Candidate, examineUpload } from "./candidate.ts";
import { type CommitResult, commitVersion } from "./commit.ts";
import type { BlobGate } from "./gate.ts";
import { type PublishRights, resolveOwner } from "./owner.ts";

/** Blobs written at once: each waits for the disk, and the disk gathers what waits. */
const PARALLEL_BLOBS = 8;

export interface PublisherParts {
  db: StoreDatabase;
  blobs: BlobStore;
  gate: BlobGate;
  catalog: Catalog;
  audit: AuditLog;
  events: EventBus;
  now: () => Date;
  limits: ArchiveLimits;
  /** For uploads too large for memory. */
  scratchDirectory: string;
  /** Called when there are new files to compress. */
  onStored: () => void;
}

export interface PublishRequest {
  source: AsyncIterable<Uint8Array>;
  /** sha256 (hex) that the client states for the source. */
  digest: string | undefined;
  channel: string | undefined;
  provider: string | undefined;
  dryRun: boolean;
  actor: Principal;
  ip: string;
  requestId: string;
  rights: PublishRights;
  /** Told what the upload turns out to be, for the audit line of a refusal. */
  onCandidate?: (candidate: Candidate) => void;
}

export interface PublishResult extends Omit<CommitResult, "status"> {
  status: CommitResult["status"] | "dry-run";
  provider: string;
  candidate: Candidate;
}

/** Turns an upload into a version: all checks first, then the files, then one transaction. */
export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the version is on the disk and in discovery. A crash before that leaves no version; files that were
   * stored already are garbage that the server's collection finds.
   * @throws Problem, see `examineUpload`, `resolveOwner` and `commitVersion`.
   */
  async publish(request: PublishRequest): Promise<PublishResult> {
    const scratch = new Scratch(this.#parts.scratchDirectory);
    try {
      const candidate = await examineUpload(request.source, scratch, this.#parts.limits, request.digest);
      request.onCandidate?.(candidate);
      const stated = { request: request.provider, manifest: candidate.manifest.plugctl.provider };
      const provider = await resolveOwner(this.#parts.db, candidate.plugin, stated, request.rights);
      const result = await this.#decide(candidate, provider, request, scratch);
      if (!request.dryRun) await this.#announce(candidate, provider, result);
      const isTrial = request.dryRun && result.status === "published";
      return { ...result, status: isTrial ? "dry-run" : result.status, provider, candidate };
    } finally {
      await scratch.close();
    }
  }

  async #decide(
    candidate: Candidate,
    provider: string,
    request: PublishRequest,
    scratch: Scratch,
  ): Promise<CommitResult> {
    const known = await this.#isKnown(candidate);
    if (known || request.dryRun) return this.#commit(candidate, provider, request);
    return this.#parts.gate.write(async () => {
      await this.#storeFiles(candidate, scratch);
      return this.#commit(candidate, provider, request);
    });
  }

  async #isKnown({ plugin, version }: Candidate): Promise<boolean> {
    const row = await this.#parts.db
      .selectFrom("version")
      .select("state")
      .where("plugin_id", "=", plugin)
      .where("version", "=", version)
      .executeTakeFirst();
    return row !== undefined;
  }

  async #storeFiles(candidate: Candidate, scratch: Scratch): Promise<void> {
    const unique = new Map(candidate.files.map((file) => [file.sha256, file]));
    const queue = unique.values();
    const worker = async () => {
      for (const file of queue) {
        const stored = await this.#parts.blobs.put(scratch.read(file.offset, file.size));
        if (stored.sha256 !== file.sha256) throw new Error(`${file.path} changed while it was being stored`);
      }
    };
    const results = await Promise.allSettled(Array.from({ length: PARALLEL_BLOBS }, worker));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #commit(candidate: Candidate, provider: string, request: PublishRequest): Promise<CommitResult> {
    const { db, audit, now } = this.#parts;
    const { actor, ip, requestId, dryRun } = request;
    const line = (result: CommitResult) => ({
      actor,
      ip,
      requestId,
      provider,
      action: "plugin.publish",
      resource: `plugin:${candidate.plugin}@${candidate.version}`,
      outcome: "ok" as const,
      detail: { ...result, dryRun, treeSha256: candidate.treeSha256, archiveSha256: candidate.archiveSha256 },
    });
    const result = await change(db, dryRun, async (transaction) => {
      const made = await commitVersion(transaction, candidate, {
        provider,
        channel: request.channel,
        publishedBy: actor.login,
        at: now().toISOString(),
      });
      if (!dryRun) await audit.record(line(made), transaction);
      return made;
    });
    if (dryRun) await audit.record(line(result));
    return result;
  }

  async #announce(candidate: Candidate, provider: string, result: CommitResult): Promise<void> {
    const { plugin, version } = candidate;
    await this.#parts.catalog.refresh(plugin);
    if (result.status !== "published") return;
    this.#parts.onStored();
    this.#parts.events.publish({
      type: "plugin.published",
      resource: `plugin:${plugin}@${version}`,
      data: { plugin, version, provider, channel: result.channel },
    });
  }
}
