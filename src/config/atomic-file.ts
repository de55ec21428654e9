import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { configError, conflictError } from "../core/errors.ts";

/** Writes a file whole or not at all: temporary name beside it, fsync, rename. Folders are made with mode 0700. */
export async function writeFileAtomic(path: string, data: string, mode = 0o600): Promise<void> {
  await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await fs.open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

/** How long to wait for another process, and how often to look, in ms. */
const LOCK_PATIENCE_MS = 10_000;
const LOCK_INTERVAL_MS = 20;

/** SQLite's result code for a database that somebody else has locked. */
const SQLITE_BUSY = 5;

/**
 * Runs `work` while nobody else is inside a lock on the same folder. The lock is SQLite's file lock, which the
 * kernel drops with its process, so a crash leaves nothing to clean up.
 * @throws CONFIG when this user may not write there; CONFLICT when another process holds it for more than ten seconds.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  const sqlite = await import("node:sqlite");
  let lock: DatabaseSync;
  try {
    lock = new sqlite.DatabaseSync(join(folder, ".lock"), { timeout: 0 });
  } catch (cause) {
    throw configError(`cannot write in ${folder}: ${(cause as Error).message}`, { cause });
  }
  try {
    const deadline = Date.now() + LOCK_PATIENCE_MS;
    while (!tryLock(lock)) {
      if (Date.now() > deadline) {
        throw conflictError(`another plugctl process is writing in ${folder}`, { hint: "try again" });
      }
      await setTimeout(LOCK_INTERVAL_MS);
    }
    return await work();
  } finally {
    lock.close();
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
