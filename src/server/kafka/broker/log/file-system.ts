import * as fs from "node:fs";
import { promises } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** A file that is open for reading and writing. */
export interface OpenFile {
  /** Fills `into` from `position` on. @returns the bytes read; fewer than asked only at the end of the file */
  read(into: Buffer, position: number): Promise<number>;
  /** Writes the buffers one after the other from `position` on. @returns the bytes written, which may be fewer */
  write(buffers: readonly Buffer[], position: number): Promise<number>;
  truncate(size: number): Promise<void>;
  /** Returns when what was written survives a loss of power, with the file's size. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** What the log needs of a file system; tests bring one that fails as disks do. Paths are absolute. */
export interface FileSystem {
  /** @param options.create the file must not be there yet, and is made with mode 0600 */
  open(path: string, options?: { create?: boolean }): Promise<OpenFile>;
  /** Names in a folder; none where there is no such folder. */
  list(directory: string): Promise<string[]>;
  /** The whole of a small file; blocks the process meanwhile. */
  readSmall(path: string): Promise<Buffer>;
  /** Size of a file in bytes. */
  size(path: string): Promise<number>;
  /** Makes a folder and those above it; mode 0700. */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all that is in it; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /**
   * Claims a file, which is made if it is not there, until `release` is called or the process ends.
   * @throws when another process has it
   */
  lock(path: string): Promise<{ release(): void }>;
  /** Makes what was created, renamed or removed in a folder survive a loss of power. */
  syncDirectory(path: string): Promise<void>;
}

/** The file system of the machine. */
export const nodeFileSystem: FileSystem = {
  open: (path, { create = false } = {}) => openNodeFile(path, create),
  async list(directory) {
    try {
      return await promises.readdir(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  },
  // A start reads some files of each partition, and a hop to a thread costs several times what reading one does.
  readSmall: async (path) => fs.readFileSync(path),
  size: async (path) => (await promises.stat(path)).size,
  async makeDirectory(path) {
    await promises.mkdir(path, { recursive: true, mode: 0o700 });
  },
  rename: (from, to) => promises.rename(from, to),
  remove: (path) => promises.rm(path, { recursive: true, force: true }),
  lock: async (path) => lockFile(path),
  async syncDirectory(path) {
    const handle = await promises.open(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function lockFile(path: string): { release(): void } {
  // SQLite takes the lock for us, which ends with the process however that dies: Node has no binding for flock.
  const lock = new DatabaseSync(path);
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new Error(`${path} is locked: another process uses this folder`, { cause });
  }
  return { release: () => lock.close() };
}

/** Plain descriptors: a `FileHandle` costs three times as much for each call, which counts where every append makes two. */
async function openNodeFile(path: string, create: boolean): Promise<OpenFile> {
  const { O_RDWR, O_CREAT, O_EXCL } = fs.constants;
  const descriptor = await new Promise<number>((resolve, reject) => {
    fs.open(path, create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0o600, (error, fd) =>
      error === null ? resolve(fd) : reject(error),
    );
  });
  const readOnce = (into: Buffer, from: number, position: number) =>
    new Promise<number>((resolve, reject) => {
      fs.read(descriptor, into, from, into.length - from, position, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  const done = (call: (callback: (error: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      call((error) => (error === null ? resolve() : reject(error)));
    });
  return {
    async read(into, position) {
      let filled = 0;
      while (filled < into.length) {
        const count = await readOnce(into, filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    },
    write: (buffers, position) =>
      new Promise((resolve, reject) => {
        fs.writev(descriptor, buffers, position, (error, count) =>
          error === null ? resolve(count) : reject(error),
        );
      }),
    truncate: (size) => done((callback) => fs.ftruncate(descriptor, size, callback)),
    datasync: () => done((callback) => fs.fdatasync(descriptor, callback)),
    close: () => done((callback) => fs.close(descriptor, callback)),
  };
}

/** Writes all of the buffers, in as many steps as the system takes. @throws when it takes no more */
export async function writeAll(file: OpenFile, buffers: readonly Buffer[], position: number): Promise<void> {
  let left = buffers;
  let at = position;
  while (left.length > 0) {
    const written = await file.write(left, at);
    if (written === 0 && left.some(({ length }) => length > 0)) throw new Error("the disk takes nothing");
    at += written;
    left = withoutFirst(left, written);
  }
}

function withoutFirst(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let left = bytes;
  for (const [index, buffer] of buffers.entries()) {
    if (buffer.length > left) return [buffer.subarray(left), ...buffers.slice(index + 1)];
    left -= buffer.length;
  }
  return [];
}

/** The whole of a file. */
export async function readWhole(fileSystem: FileSystem, path: string): Promise<Buffer> {
  const file = await fileSystem.open(path);
  try {
    const bytes = Buffer.alloc(await fileSystem.size(path));
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}

/** What the name of a file that is being written ends with; left over from a crash, it is nothing. */
export const TEMPORARY = ".tmp";

/**
 * Writes a file whole, or leaves the one that is there.
 * @param options.durable whether it survives a loss of power once the folder is synced; else it may be anything then
 */
export async function replaceFile(
  fileSystem: FileSystem,
  path: string,
  bytes: Buffer,
  { durable }: { durable: boolean },
): Promise<void> {
  const temporary = path + TEMPORARY;
  await fileSystem.remove(temporary);
  const file = await fileSystem.open(temporary, { create: true });
  try {
    await writeAll(file, [bytes], 0);
    if (durable) await file.datasync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(temporary, path);
}
