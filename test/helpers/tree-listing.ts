import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface ListingOptions {
  /** Paths that are left out, relative to the folder. */
  without?: readonly string[];
  /** Times of change as well. */
  times?: boolean;
}

/** Every name in a folder with its kind, mode, owner and the digest of its content, one line each. */
export async function listTree(
  folder: string,
  { without = [], times = false }: ListingOptions = {},
): Promise<string[]> {
  const lines: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const names = await readdir(join(folder, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    for (const name of names.sort()) {
      const inner = path === "" ? name : `${path}/${name}`;
      if (without.includes(inner)) continue;
      const file = join(folder, inner);
      const found = await lstat(file);
      const content = found.isFile()
        ? createHash("sha256")
            .update(await readFile(file))
            .digest("hex")
        : found.isSymbolicLink()
          ? await readlink(file)
          : "";
      const facts = [
        found.mode.toString(8),
        found.uid,
        found.gid,
        ...(times ? [found.mtimeMs] : []),
        content,
      ];
      lines.push(`${inner} ${facts.join(" ")}`);
      if (found.isDirectory()) await walk(inner);
    }
  };
  await walk("");
  return lines;
}
