import type { Readable } from "node:stream";
import { notFoundError } from "../../../core/errors.ts";
import type { Principal } from "../../identity/identity.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { DebDatabase } from "../tables.ts";

/** Bytes of an upload. */
const MAX_BYTES = 1024 ** 3;
/** What nobody has installed after this time is forgotten. */
const KEPT_MS = 24 * 3600_000;

export interface Upload {
  id: string;
  /** A tar archive of a plugin's folder, or a finished `.deb`. */
  kind: "archive" | "package";
  /** Its blob. */
  sha256: string;
  sizeBytes: number;
}

/** What was sent to be installed, and packages that were made of it. */
export class Uploads {
  readonly #db: DebDatabase;
  readonly #blobs: BlobStore;
  readonly #now: () => Date;

  constructor(db: DebDatabase, blobs: BlobStore, now: () => Date) {
    this.#db = db;
    this.#blobs = blobs;
    this.#now = now;
  }

  /** Durable when it resolves. @throws INVALID when it is too large, and what the source throws. */
  async add(
    kind: Upload["kind"],
    content: AsyncIterable<Uint8Array>,
    actor: Principal | null,
  ): Promise<Upload> {
    const { sha256, size } = await this.#blobs.put(content, { maxBytes: MAX_BYTES });
    const id = crypto.randomUUID();
    const created = { created_at: this.#now().toISOString(), created_by: actor?.login ?? "system" };
    await this.#db
      .insertInto("deb_upload")
      .values({ id, kind, sha256, size, ...created })
      .execute();
    return { id, kind, sha256, sizeBytes: size };
  }

  /** @throws NOT_FOUND. */
  async get(id: string): Promise<Upload> {
    const row = await this.#db.selectFrom("deb_upload").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFoundError(`there is no upload ${id}`);
    return { id, kind: row.kind as Upload["kind"], sha256: row.sha256, sizeBytes: row.size };
  }

  /** Its bytes. @throws NOT_FOUND. */
  async open(id: string): Promise<{ upload: Upload; content: Readable }> {
    const upload = await this.get(id);
    return { upload, content: await this.#blobs.open(upload.sha256) };
  }

  async prune(): Promise<void> {
    const before = new Date(this.#now().getTime() - KEPT_MS).toISOString();
    await this.#db.deleteFrom("deb_upload").where("created_at", "<", before).execute();
  }
}

/** sha256 of what was sent and is not forgotten. */
export async function* uploadedBlobs(db: DebDatabase): AsyncGenerator<string> {
  for (const { sha256 } of await db.selectFrom("deb_upload").select("sha256").execute()) yield sha256;
}
