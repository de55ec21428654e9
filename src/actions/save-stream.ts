import { randomBytes } from "node:crypto";
import { access, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { conflictError, usageError } from "../core/errors.ts";

/** Bytes between two reports. */
const REPORT_BYTES = 1024 * 1024;

/** @throws CONFLICT when the file exists and is not to be replaced. */
export async function assertFree(path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return;
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) throw conflictError(`${path} exists already`, { hint: "--overwrite replaces it" });
}

/**
 * Writes a stream to a file, by default one that only its owner may read: whole or not at all (temporary name beside it, fsync,
 * rename). Returns the bytes written. @throws CONFLICT, USAGE when no file can be made there, what the stream throws.
 */
export async function saveStream(
  source: AsyncIterable<Uint8Array>,
  path: string,
  {
    overwrite,
    onBytes = () => {},
    mode = 0o600,
  }: { overwrite: boolean; onBytes?: (bytes: number) => void; mode?: number },
): Promise<number> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await open(temporary, "wx", mode).catch((error: Error) => {
    throw usageError(`cannot write ${path}: ${error.message}`, { cause: error });
  });
  let bytes = 0;
  let reported = 0;
  try {
    try {
      for await (const chunk of source) {
        await file.writeFile(chunk);
        bytes += chunk.length;
        if (bytes - reported < REPORT_BYTES) continue;
        reported = bytes;
        onBytes(bytes);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await assertFree(path, overwrite);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return bytes;
}

/** Makes the new name durable; Windows has no such thing for folders. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
