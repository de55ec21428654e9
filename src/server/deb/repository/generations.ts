import type { Transaction } from "kysely";
import type { Generation, IndexFile } from "./generation.ts";
import type { RepositoryDatabase, RepositoryTables } from "./tables.ts";

/** So long a client may take from a state of a channel to its indexes and packages, after that was superseded. */
const KEPT_MS = 3600_000;
/** However fast they follow each other. */
const KEPT_GENERATIONS = 100;

/** The newest state of every channel. */
export async function loadGenerations(db: RepositoryDatabase): Promise<Map<string, Generation>> {
  const rows = await db
    .selectFrom("repository_generation")
    .selectAll()
    .where("superseded_at", "is", null)
    .execute();
  const generations = new Map<string, Generation>();
  for (const row of rows) {
    const { channel, number, release, signature } = row;
    const listings = await db
      .selectFrom("repository_listing as listing")
      .innerJoin("repository_index as index", "index.sha256", "listing.sha256")
      .select(["listing.architecture", "index.sha256", "index.size_bytes", "index.gzip", "index.gzip_sha256"])
      .where("listing.channel", "=", channel)
      .where("listing.number", "=", number)
      .execute();
    generations.set(channel, {
      channel,
      number,
      releasedAt: new Date(row.released_at),
      validUntil: new Date(row.valid_until),
      release,
      inRelease: row.in_release,
      signature,
      indexes: new Map(listings.map((listing) => [listing.architecture, toIndexFile(listing)])),
    });
  }
  return generations;
}

/** An index of any state that is kept, by the digest of its text or of its compressed form. */
export async function findIndex(db: RepositoryDatabase, sha256: string): Promise<IndexFile | undefined> {
  const row = await db
    .selectFrom("repository_index")
    .selectAll()
    .where((where) => where.or([where("sha256", "=", sha256), where("gzip_sha256", "=", sha256)]))
    .executeTakeFirst();
  return row === undefined ? undefined : toIndexFile(row);
}

const toIndexFile = (row: RepositoryTables["repository_index"]): IndexFile => ({
  sha256: row.sha256,
  sizeBytes: row.size_bytes,
  gzip: row.gzip,
  gzipSha256: row.gzip_sha256,
});

/** Makes a state the newest of its channel. */
export async function insertGeneration(
  transaction: Transaction<RepositoryTables>,
  generation: Generation,
  now: Date,
): Promise<void> {
  const { channel, number, indexes } = generation;
  await transaction
    .updateTable("repository_generation")
    .set({ superseded_at: now.toISOString() })
    .where("channel", "=", channel)
    .where("superseded_at", "is", null)
    .execute();
  await transaction
    .insertInto("repository_generation")
    .values({
      channel,
      number,
      released_at: generation.releasedAt.toISOString(),
      valid_until: generation.validUntil.toISOString(),
      superseded_at: null,
      release: generation.release,
      in_release: generation.inRelease,
      signature: generation.signature,
    })
    .execute();
  const files = new Map([...indexes.values()].map((index) => [index.sha256, index]));
  for (const { sha256, sizeBytes, gzip, gzipSha256 } of files.values()) {
    await transaction
      .insertInto("repository_index")
      .values({ sha256, size_bytes: sizeBytes, gzip, gzip_sha256: gzipSha256 })
      .onConflict((conflict) => conflict.column("sha256").doNothing())
      .execute();
  }
  await transaction
    .insertInto("repository_listing")
    .values([...indexes].map(([architecture, { sha256 }]) => ({ channel, number, architecture, sha256 })))
    .execute();
}

/** Forgets what no client can be half-way through any more: old states with their indexes, and packages of none. */
export async function forgetOld(transaction: Transaction<RepositoryTables>, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEPT_MS).toISOString();
  const newest = await transaction
    .selectFrom("repository_generation")
    .select(["channel", (select) => select.fn.max("number").as("number")])
    .groupBy("channel")
    .execute();
  for (const { channel, number } of newest) {
    await transaction
      .deleteFrom("repository_generation")
      .where("channel", "=", channel)
      .where((where) =>
        where.or([where("superseded_at", "<", before), where("number", "<=", number - KEPT_GENERATIONS)]),
      )
      .execute();
  }
  await transaction
    .deleteFrom("repository_index")
    .where("sha256", "not in", (select) => select.selectFrom("repository_listing").select("sha256"))
    .execute();
  await transaction.deleteFrom("repository_package").where("unlisted_at", "<", before).execute();
}
