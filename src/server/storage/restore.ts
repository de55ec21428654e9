import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Extract, extract } from "tar-stream";
import { conflictError, isPlugctlError, verificationError } from "../../core/errors.ts";
import { blobPath, MANIFEST, type Manifest, manifestSchema, OPTIONAL_KEYS } from "./backup.ts";
import { DATA_FILES } from "./data-directory.ts";
import { syncDirectory } from "./durable.ts";

type Member = Manifest["members"][number];

/** A manifest names each member in about 170 bytes: enough for over a million blobs. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

const FIXED: ReadonlySet<string> = new Set([DATA_FILES.database, DATA_FILES.signingKeys]);

async function assertAbsentOrEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.length === 0) return;
  throw conflictError(`the directory ${directory} is not empty`, {
    hint: "restore into a new directory and start the server with --data on it",
  });
}

async function readManifest(entry: AsyncIterable<Buffer>): Promise<Map<string, Member>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of entry) {
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES) throw verificationError("the manifest of the backup is too large");
    chunks.push(chunk);
  }
  const { members } = manifestSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
  for (const { path, sha256 } of members) {
    // Paths are ours alone to choose: whatever else the archive names could lead anywhere.
    if (!FIXED.has(path) && !OPTIONAL_KEYS.includes(path) && path !== blobPath(sha256)) {
      throw verificationError(`the backup names a member "${path}" that no backup has`);
    }
  }
  const byPath = new Map(members.map((member) => [member.path, member]));
  const absent = [...FIXED].find((path) => !byPath.has(path));
  if (absent !== undefined) throw verificationError(`the backup has no ${absent}`);
  return byPath;
}

async function writeMember(directory: string, member: Member, entry: AsyncIterable<Buffer>): Promise<void> {
  const file = join(directory, member.path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const sha256 = createHash("sha256");
  const handle = await open(file, "wx", 0o600);
  try {
    for await (const chunk of entry) {
      sha256.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (sha256.digest("hex") !== member.sha256) {
    throw verificationError(`the backup is damaged: ${member.path} is not what its manifest says`);
  }
}

async function extractMembers(archive: Extract, directory: string): Promise<void> {
  let expected: Map<string, Member> | undefined;
  for await (const entry of archive) {
    const { name, type, size } = entry.header;
    const content = entry as AsyncIterable<Buffer>;
    if (type !== "file") throw verificationError(`the backup holds "${name}", which is no regular file`);
    if (expected === undefined) {
      if (name !== MANIFEST) throw verificationError("this is no backup: it does not begin with a manifest");
      expected = await readManifest(content);
      continue;
    }
    const member = expected.get(name);
    if (member === undefined || member.size !== size) {
      throw verificationError(`the backup is damaged: "${name}" is not as its manifest says`);
    }
    expected.delete(name);
    await writeMember(directory, member, content);
  }
  if (expected === undefined) throw verificationError("this is no backup: it is empty");
  const [missing] = expected.keys();
  if (missing !== undefined) throw verificationError(`the backup is cut off: ${missing} is missing`);
}

/** fsync of every folder, so that the rename that follows publishes something whole. */
async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(directory, entry.name));
  }
  await syncDirectory(directory);
}

/**
 * Makes a data directory out of a backup file. Every digest is verified before the directory appears.
 * @throws CONFLICT when the directory exists and is not empty; VERIFICATION for a damaged or foreign archive, after
 * which nothing is left behind.
 */
export async function restoreBackup(file: string, dataDir: string): Promise<void> {
  const target = resolve(dataDir);
  await assertAbsentOrEmpty(target);
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  const staging = join(parent, `.${basename(target)}-restore-${crypto.randomUUID()}`);
  await mkdir(staging, { mode: 0o700 });
  const archive = extract();
  try {
    const source = createReadStream(file);
    await Promise.all([pipeline(source, archive), extractMembers(archive, staging)]);
    await syncTree(staging);
    await rename(staging, target);
    await syncDirectory(parent);
  } catch (error) {
    archive.destroy();
    await rm(staging, { recursive: true, force: true });
    if (isPlugctlError(error) || isSystemError(error)) throw error;
    throw verificationError("this is no backup, or it is damaged", { cause: error });
  }
}

/** A failure of this machine (no such file, disk full), as against one of the archive. */
const isSystemError = (error: unknown) => error instanceof Error && "syscall" in error;
