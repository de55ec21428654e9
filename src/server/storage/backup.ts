import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { z } from "zod";
import type { BlobStore } from "./blobs.ts";
import { DATA_FILES } from "./data-directory.ts";
import { snapshotDatabase } from "./open-database.ts";

export const MANIFEST = "manifest.json";

export const manifestSchema = z.object({
  format: z.literal("plugctl-backup-1"),
  /** Of the program that made it. */
  version: z.string(),
  createdAt: z.iso.datetime(),
  members: z.array(
    z.object({
      path: z.string(),
      size: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;
type Member = Manifest["members"][number];

export const blobPath = (sha256: string) =>
  `${DATA_FILES.blobs}/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;

/** Keys that only servers with their module have. */
export const OPTIONAL_KEYS: readonly string[] = [DATA_FILES.repositoryKey];

export interface BackupSource {
  dataDir: string;
  blobs: BlobStore;
  version: string;
  now: Date;
}

async function describeFile(file: string, path: string): Promise<Member> {
  const sha256 = createHash("sha256");
  await pipeline(createReadStream(file), sha256);
  return { path, size: (await stat(file)).size, sha256: sha256.digest("hex") };
}

/** The files of keys, read at once so that each is as its digest says. */
async function readKeys(dataDir: string): Promise<{ member: Member; content: Buffer }[]> {
  const keys = [];
  for (const path of [DATA_FILES.signingKeys, ...OPTIONAL_KEYS]) {
    const content = await readFile(join(dataDir, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" && OPTIONAL_KEYS.includes(path)) return undefined;
      throw error;
    });
    if (content === undefined) continue;
    const sha256 = createHash("sha256").update(content).digest("hex");
    keys.push({ member: { path, size: content.length, sha256 }, content });
  }
  return keys;
}

async function addMember(
  archive: Pack,
  { path, size }: Member,
  content: Readable,
  mtime: Date,
): Promise<void> {
  await pipeline(content, archive.entry({ name: path, size, mode: 0o600, mtime }));
}

async function writeMembers(archive: Pack, source: BackupSource, snapshot: string): Promise<void> {
  const { dataDir, blobs, version, now } = source;
  await snapshotDatabase(join(dataDir, DATA_FILES.database), snapshot);
  const database = await describeFile(snapshot, DATA_FILES.database);
  const keys = await readKeys(dataDir);
  // Listed after the snapshot, and none is deleted meanwhile: all that the snapshot refers to is among them.
  const stored: Member[] = [];
  for await (const { sha256, size } of blobs.list()) stored.push({ path: blobPath(sha256), size, sha256 });
  const members = [database, ...keys.map(({ member }) => member), ...stored];
  const manifest: Manifest = { format: "plugctl-backup-1", version, createdAt: now.toISOString(), members };
  archive.entry({ name: MANIFEST, mode: 0o600, mtime: now }, JSON.stringify(manifest));
  await addMember(archive, database, createReadStream(snapshot), now);
  for (const { member, content } of keys) await addMember(archive, member, Readable.from([content]), now);
  for (const member of stored) await addMember(archive, member, await blobs.open(member.sha256), now);
  archive.finalize();
}

/**
 * A tar of the whole server at one moment, while it goes on working: manifest with the digest of every member, database,
 * signing keys, blobs. It holds password hashes and private keys. The stream fails when something cannot be read.
 */
export function createBackup(source: BackupSource): Readable {
  const archive = pack();
  void (async () => {
    const release = source.blobs.holdDeletes();
    const directory = await mkdtemp(join(source.dataDir, DATA_FILES.temporary, "backup-"));
    try {
      await writeMembers(archive, source, join(directory, DATA_FILES.database));
    } finally {
      release();
      await rm(directory, { recursive: true, force: true });
    }
  })().catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))));
  // tar-stream's streams are not Node's own.
  return Readable.from(archive, { objectMode: false });
}
