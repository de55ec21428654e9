import { execFile } from "node:child_process";
import { chmodSync, constants, lstatSync, mkdirSync } from "node:fs";
import { chmod, lstat, open, readdir, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { conflictError } from "../../../core/errors.ts";
import { giveWay } from "../give-way.ts";

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

/** Removes a file or a tree; folders without permissions, as overlays and scripts leave them, are no obstacle. */
export async function removeTree(path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isDirectory()) return await unlink(path);
    if ((found.mode & 0o700) !== 0o700) await chmod(path, 0o700);
    for (const name of await readdir(path)) await removeTree(join(path, name));
    await rmdir(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Makes a folder, and those above it that are not there, for everybody to read whatever the umask is. */
export async function makeFolders(path: string, mode = 0o755): Promise<void> {
  await giveWay();
  const first = mkdirSync(path, { recursive: true });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made)) {
    chmodSync(made, 0o755);
  }
  chmodSync(path, mode);
}

/**
 * The folder at a path within a tree that programs of others have written to: no link on the way is followed.
 * @returns undefined when it is not there. @throws CONFLICT for anything else than folders.
 */
export async function folderWithin(tree: string, path: string): Promise<string | undefined> {
  let folder = tree;
  for (const part of path.split("/").filter(Boolean)) {
    folder = join(folder, part);
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isDirectory()) {
      throw conflictError(`${folder} is no folder`, { hint: "a package replaced it: put the folder back" });
    }
  }
  return folder;
}

/** Reads a file within such a tree, likewise. @returns undefined when there is no such file. */
export async function readWithin(tree: string, path: string, maxBytes: number): Promise<string | undefined> {
  const slash = path.lastIndexOf("/");
  const folder = await folderWithin(tree, path.slice(0, Math.max(0, slash)));
  if (folder === undefined) return undefined;
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(join(folder, path.slice(slash + 1)), flags);
    try {
      const found = await handle.stat();
      return found.isFile() && found.size <= maxBytes ? await handle.readFile("utf8") : undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ELOOP") return undefined;
    throw error;
  }
}

/** Makes everything that was written to the file system of a folder survive a loss of power. */
export async function syncFileSystem(folder: string): Promise<void> {
  await promisify(execFile)("sync", ["--file-system", folder]);
}
