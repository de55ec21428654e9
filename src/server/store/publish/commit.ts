import { Problem } from "../../http/problem.ts";
import { advanceOwnChannel, pointChannel } from "../channels.ts";
import { isTextLike } from "../content-type.ts";
import type { StoreTransaction } from "../store-database.ts";
import type { Candidate } from "./candidate.ts";
import { notOwner } from "./owner.ts";

/** Rows per INSERT: databases limit the parameters of a statement. */
const BATCH = 500;
/** Smaller files gain nothing that a network packet would notice. */
const COMPRESSED_FROM_BYTES = 1024;
const ENCODINGS = ["br", "gzip"] as const;

export interface VersionCommit {
  provider: string;
  /** Asked for by the publisher; undefined = the version's own. */
  channel: string | undefined;
  publishedBy: string;
  /** ISO 8601, UTC. */
  at: string;
}

export interface CommitResult {
  status: "published" | "unchanged";
  /** The channel that points at the version now because of this request. */
  channel: string | null;
}

/**
 * Writes all rows of a version, or finds that it is there already.
 * @throws Problem 409 `version_exists` (with both digests), `version_tombstoned`, `version_yanked`; 403 `not_owner` when
 *   somebody else has taken the plugin's name meanwhile.
 */
export async function commitVersion(
  transaction: StoreTransaction,
  candidate: Candidate,
  commit: VersionCommit,
): Promise<CommitResult> {
  const { plugin, version } = candidate;
  await claimPlugin(transaction, plugin, commit);
  const existing = await transaction
    .selectFrom("version")
    .select(["state", "tree_sha256"])
    .where("plugin_id", "=", plugin)
    .where("version", "=", version)
    .executeTakeFirst();
  if (existing !== undefined) {
    refuseOtherContent(candidate, existing);
    if (commit.channel === undefined) return { status: "unchanged", channel: null };
    if (existing.state === "yanked") {
      throw new Problem(409, "version_yanked", `${plugin} ${version} is yanked: no channel may point at it`);
    }
    if (await pointChannel(transaction, plugin, commit.channel, version)) {
      await touchPlugin(transaction, plugin, commit.at);
    }
    return { status: "unchanged", channel: commit.channel };
  }
  await touchPlugin(transaction, plugin, commit.at);
  await insertVersion(transaction, candidate, commit);
  await insertFiles(transaction, candidate);
  if (commit.channel === undefined) {
    return { status: "published", channel: await advanceOwnChannel(transaction, plugin, version) };
  }
  await pointChannel(transaction, plugin, commit.channel, version);
  return { status: "published", channel: commit.channel };
}

/** Takes the plugin's row, which makes concurrent changes of one plugin wait for each other. */
async function claimPlugin(transaction: StoreTransaction, id: string, commit: VersionCommit): Promise<void> {
  const { provider, at } = commit;
  const row = await transaction
    .insertInto("plugin")
    .values({ id, provider_id: provider, created_at: at, updated_at: at })
    // Changes nothing, but a database with concurrent writers locks the row.
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ id }))
    .returning("provider_id")
    .executeTakeFirstOrThrow();
  if (row.provider_id !== provider) throw notOwner(id, row.provider_id);
}

export async function touchPlugin(transaction: StoreTransaction, id: string, at: string): Promise<void> {
  await transaction.updateTable("plugin").set({ updated_at: at }).where("id", "=", id).execute();
}

function refuseOtherContent(candidate: Candidate, existing: { state: string; tree_sha256: string }): void {
  const { plugin, version } = candidate;
  if (existing.state === "purged") {
    throw new Problem(
      409,
      "version_tombstoned",
      `${plugin} ${version} was purged, and its number is never used again`,
    );
  }
  if (existing.tree_sha256 === candidate.treeSha256) return;
  throw new Problem(
    409,
    "version_exists",
    `${plugin} ${version} was published with other content (tree sha256 ${existing.tree_sha256}, now ${candidate.treeSha256}); publish a new version`,
    { extra: { publishedTreeSha256: existing.tree_sha256, treeSha256: candidate.treeSha256 } },
  );
}

async function insertVersion(
  transaction: StoreTransaction,
  candidate: Candidate,
  commit: VersionCommit,
): Promise<void> {
  await transaction
    .insertInto("version")
    .values({
      plugin_id: candidate.plugin,
      version: candidate.version,
      state: "published",
      tree_sha256: candidate.treeSha256,
      archive_sha256: candidate.archiveSha256,
      size_bytes: candidate.sizeBytes,
      file_count: candidate.files.length,
      entry: candidate.entry.path,
      entry_integrity: candidate.entry.integrity,
      manifest: JSON.stringify(candidate.manifest),
      externals: JSON.stringify(candidate.externals),
      exports: JSON.stringify(candidate.exports),
      deprecated: null,
      published_by: commit.publishedBy,
      published_at: commit.at,
    })
    .execute();
}

async function insertFiles(transaction: StoreTransaction, candidate: Candidate): Promise<void> {
  const { plugin, version, files } = candidate;
  for (const batch of batches(files)) {
    await transaction
      .insertInto("file")
      .values(
        batch.map((file) => ({
          plugin_id: plugin,
          version,
          path: file.path,
          sha256: file.sha256,
          integrity: file.integrity,
          size: file.size,
          type: file.type,
          served: file.served ? 1 : 0,
        })),
      )
      .execute();
  }
  const compressible = files.filter(
    (file) => file.served && file.size >= COMPRESSED_FROM_BYTES && isTextLike(file.type),
  );
  for (const batch of batches(compressible)) {
    await transaction
      .insertInto("variant")
      .values(
        batch.flatMap(({ sha256 }) =>
          ENCODINGS.map((encoding) => ({
            sha256,
            encoding,
            state: "pending",
            blob_sha256: null,
            size: null,
          })),
        ),
      )
      .onConflict((conflict) => conflict.columns(["sha256", "encoding"]).doNothing())
      .execute();
  }
}

function* batches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH);
}
