import { chmod, mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { conflictError } from "../../core/errors.ts";
import { writeDurableFile } from "./durable.ts";
import { type FileLock, lockFile } from "./file-lock.ts";

/** Names of what the server's frame keeps in the data directory. A module adds a folder of its own name. */
export const DATA_FILES = {
  database: "plugctl.db",
  blobs: "blobs",
  signingKeys: "keys/signing.json",
  /** Private key of the APT repository; only where there is one. */
  repositoryKey: "keys/repository.asc",
  tls: "tls",
  /** Emptied at each start. */
  temporary: "tmp",
  lock: "server.lock",
  pid: "server.pid",
} as const;

export interface LockedDirectory {
  /** Absolute path. */
  readonly path: string;
  release(): void;
}

/**
 * Creates the data directory (mode 0700) and claims it for this process. The claim is a file lock of the kernel's,
 * so it ends with the process, however that dies.
 * @throws CONFLICT, naming the pid, when another server holds the directory.
 */
export async function lockDataDirectory(directory: string): Promise<LockedDirectory> {
  const path = resolve(directory);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  let lock: FileLock;
  try {
    lock = lockFile(join(path, DATA_FILES.lock));
  } catch (cause) {
    const pid = await readFile(join(path, DATA_FILES.pid), "utf8").then(Number, () => undefined);
    throw conflictError(
      `the data directory ${path} is in use by another server${pid === undefined ? "" : ` (process ${pid})`}`,
      { hint: "stop that server, or choose another directory with --data", details: { pid }, cause },
    );
  }
  try {
    await writeDurableFile(join(path, DATA_FILES.pid), `${process.pid}\n`, 0o600);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { path, release: lock.release };
}
