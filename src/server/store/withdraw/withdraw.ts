import type { AuditLog } from "../../events/audit.ts";
import type { EventBus } from "../../events/bus.ts";
import { Problem } from "../../http/problem.ts";
import type { Principal } from "../../identity/identity.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { leaveVersion } from "../channels.ts";
import { touchPlugin } from "../publish/commit.ts";
import type { BlobGate } from "../publish/gate.ts";
import { channelNames, findVersion, type Release, toRelease, type VersionRow } from "../releases.ts";
import { change, type StoreDatabase, type StoreTransaction } from "../store-database.ts";
import { removeUnreferenced } from "./unreferenced.ts";

export interface WithdrawParts {
  db: StoreDatabase;
  blobs: BlobStore;
  gate: BlobGate;
  catalog: Catalog;
  audit: AuditLog;
  events: EventBus;
  now: () => Date;
  /** Called with a version whose files must no longer be answered. */
  onPurged: (plugin: string, version: string) => void;
}

export interface WithdrawRequest {
  plugin: string;
  version: string;
  reason: string | undefined;
  dryRun: boolean;
  actor: Principal;
  ip: string;
  requestId: string;
}

/** Takes versions back: out of discovery (yank), or out of the world (purge). Both may be repeated. */
export class Withdrawer {
  readonly #parts: WithdrawParts;

  constructor(parts: WithdrawParts) {
    this.#parts = parts;
  }

  /**
   * Discovery and channels choose the version no more; its files stay where they are.
   * @throws Problem 404 `version_not_found`, 410 `version_purged`.
   */
  yank(request: WithdrawRequest): Promise<Release> {
    return this.#withdraw("yank", request, async (transaction, row) => {
      if (row.state === "purged") {
        throw new Problem(410, "version_purged", `${row.plugin_id} ${row.version} is purged`);
      }
      if (row.state === "yanked") return false;
      await this.#setState(transaction, row, "yanked");
      return true;
    });
  }

  /**
   * Removes the files for good. The row stays, so that the number is never given to other bytes.
   * @throws Problem 404 `version_not_found`, 409 `version_in_use` while discovery returns the version.
   */
  async purge(request: WithdrawRequest): Promise<Release> {
    const digests = new Set<string>();
    const release = await this.#withdraw("purge", request, async (transaction, row) => {
      if (row.state === "purged") return false;
      const channels = await channelNames(transaction, row.plugin_id);
      if (channels.get(row.version)?.includes("latest")) {
        throw new Problem(
          409,
          "version_in_use",
          `discovery returns ${row.plugin_id} ${row.version}; yank it or publish a higher version first`,
        );
      }
      const files = await transaction
        .deleteFrom("file")
        .where("plugin_id", "=", row.plugin_id)
        .where("version", "=", row.version)
        .returning("sha256")
        .execute();
      for (const { sha256 } of files) digests.add(sha256);
      await this.#setState(transaction, row, "purged");
      return true;
    });
    if (!request.dryRun && digests.size > 0) {
      const { db, blobs, gate, onPurged } = this.#parts;
      onPurged(request.plugin, request.version);
      await gate.remove(() => removeUnreferenced(db, blobs, digests));
    }
    return release;
  }

  async #setState(transaction: StoreTransaction, row: VersionRow, state: "yanked" | "purged"): Promise<void> {
    await transaction
      .updateTable("version")
      .set({ state })
      .where("plugin_id", "=", row.plugin_id)
      .where("version", "=", row.version)
      .execute();
    await leaveVersion(transaction, row.plugin_id, row.version);
  }

  async #withdraw(
    verb: "yank" | "purge",
    request: WithdrawRequest,
    run: (transaction: StoreTransaction, row: VersionRow) => Promise<boolean>,
  ): Promise<Release> {
    const { db, audit, catalog, events, now } = this.#parts;
    const { plugin, version, reason, dryRun, actor, ip, requestId } = request;
    const resource = `plugin:${plugin}@${version}`;
    const provider = catalog.get(plugin)?.provider;
    const { release, changed } = await change(db, dryRun, async (transaction) => {
      const row = await findVersion(transaction, plugin, version);
      const changed = await run(transaction, row);
      if (changed) await touchPlugin(transaction, plugin, now().toISOString());
      if (!dryRun) {
        const line = {
          actor,
          ip,
          requestId,
          action: `plugin.${verb}`,
          resource,
          provider,
          outcome: "ok" as const,
        };
        await audit.record({ ...line, detail: { reason, changed } }, transaction);
      }
      const channels = await channelNames(transaction, plugin);
      return {
        changed,
        release: toRelease(await findVersion(transaction, plugin, version), channels.get(version) ?? []),
      };
    });
    if (changed && !dryRun) {
      await catalog.refresh(plugin);
      events.publish({ type: `plugin.${verb}ed`, resource, data: { plugin, version } });
    }
    return release;
  }
}
