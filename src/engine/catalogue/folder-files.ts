import { promises as fs } from "node:fs";
import { join } from "node:path";
import { invalidError, notFoundError } from "../../core/errors.ts";

export interface FolderFile {
  /** Relative to the folder, `/`-separated. */
  path: string;
  /** Absolute. */
  file: string;
  sizeBytes: number;
  /** Permission bits. */
  mode: number;
}

const LIMIT_FILES = 10_000;
const LIMIT_BYTES = 512 * 1024 * 1024;

/**
 * All files below a folder of an entry, by path: what a copy at installation has to take.
 * @throws NOT_FOUND without such a folder; INVALID for a symbolic link or special file, since a copy would follow it to
 *   wherever it leads on this machine, and for more than 10 000 files or 512 MiB.
 */
export async function folderFiles(folder: string): Promise<FolderFile[]> {
  const found: FolderFile[] = [];
  let total = 0;
  const visit = async (path: string): Promise<void> => {
    for (const item of await fs.readdir(join(folder, path), { withFileTypes: true })) {
      const below = path === "" ? item.name : `${path}/${item.name}`;
      if (item.isDirectory()) {
        await visit(below);
        continue;
      }
      if (!item.isFile())
        throw invalidError(`${join(folder, below)} is a link or special file, which is not copied`);
      const file = join(folder, below);
      const { size, mode } = await fs.lstat(file);
      total += size;
      found.push({ path: below, file, sizeBytes: size, mode: mode & 0o777 });
      if (found.length > LIMIT_FILES || total > LIMIT_BYTES) {
        throw invalidError(`${folder} has more than ${LIMIT_FILES} files or ${LIMIT_BYTES} bytes`);
      }
    }
  };
  try {
    if (!(await fs.lstat(folder)).isDirectory()) throw invalidError(`${folder} is not a folder`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw notFoundError(`there is no folder ${folder}`, { cause: error });
  }
  await visit("");
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}
