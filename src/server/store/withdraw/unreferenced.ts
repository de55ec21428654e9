import type { BlobStore } from "../../storage/blobs.ts";
import type { StoreDatabase } from "../store-database.ts";

const PAGE = 1000;

/**
 * Removes those blobs, and their compressed variants, that no version uses any more. No blob may be written meanwhile
 * (see `BlobGate`). What a crash leaves behind is found by the server's garbage collection.
 */
export async function removeUnreferenced(
  db: StoreDatabase,
  blobs: BlobStore,
  digests: Iterable<string>,
): Promise<void> {
  for (const sha256 of digests) {
    if (await isFile(db, sha256)) continue;
    const variants = await db
      .deleteFrom("variant")
      .where("sha256", "=", sha256)
      .returning("blob_sha256")
      .execute();
    for (const { blob_sha256: blob } of variants) {
      if (blob !== null && !(await isFile(db, blob)) && !(await isVariant(db, blob)))
        await blobs.delete(blob);
    }
    if (!(await isVariant(db, sha256))) await blobs.delete(sha256);
  }
}

async function isFile(db: StoreDatabase, sha256: string): Promise<boolean> {
  const row = await db
    .selectFrom("file")
    .select("path")
    .where("sha256", "=", sha256)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function isVariant(db: StoreDatabase, blob: string): Promise<boolean> {
  const row = await db
    .selectFrom("variant")
    .select("sha256")
    .where("blob_sha256", "=", blob)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Every blob that a version or a variant needs, some of them twice. */
export async function* referencedBlobs(db: StoreDatabase): AsyncGenerator<string> {
  const files = (after: string) =>
    db
      .selectFrom("file")
      .select("sha256 as blob")
      .distinct()
      .where("sha256", ">", after)
      .orderBy("sha256")
      .limit(PAGE)
      .execute();
  const variants = (after: string) =>
    db
      .selectFrom("variant")
      .select((expression) => expression.ref("blob_sha256").$notNull().as("blob"))
      .distinct()
      .where("blob_sha256", ">", after)
      .orderBy("blob_sha256")
      .limit(PAGE)
      .execute();
  yield* inPages(files);
  yield* inPages(variants);
}

/** Page by page, since an open cursor would hold the one connection while the caller works. */
async function* inPages(page: (after: string) => Promise<{ blob: string }[]>): AsyncGenerator<string> {
  for (let rows = await page(""); rows.length > 0; rows = await page(rows.at(-1)?.blob ?? "")) {
    for (const { blob } of rows) yield blob;
  }
}
