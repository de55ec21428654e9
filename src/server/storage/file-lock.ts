import { DatabaseSync } from "node:sqlite";

export interface FileLock {
  release(): void;
}

/**
 * Locks a file of its own, which is made if it is not there, for this process. The lock is the kernel's, so it ends with the
 * process, however that dies.
 * @throws when another process has it, or the file cannot be made.
 */
export function lockFile(path: string): FileLock {
  // SQLite takes the lock for us: Node has no binding for flock or fcntl.
  const lock = new DatabaseSync(path);
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw error;
  }
  return { release: () => lock.close() };
}
