import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { conflictError } from "../core/errors.ts";

/** Writes a file whole or not at all: temporary name beside it, fsync, rename. Folders are made with mode 0700. */
export async function writeFileAtomic(path: string, data: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Runs `work` while no other plugctl process is inside a lock on the same folder. The lock is SQLite's file lock,
 * which the kernel drops with its process, so a crash leaves nothing to clean up.
 * @throws CONFLICT when another process holds it for more than ten seconds.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(`${folder}/.lock`);
  try {
    try {
      lock.exec("PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE");
    } catch (cause) {
      throw conflictError(`another plugctl process is writing in ${folder}`, { cause, hint: "try again" });
    }
    return await work();
  } finally {
    lock.close();
  }
}
