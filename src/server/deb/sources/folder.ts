import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { invalidError, notFoundError } from "../../../core/errors.ts";

/**
 * The folder of a plugin within what was downloaded.
 * @param directory as somebody asked for it: relative, below the root, through no link.
 * @throws INVALID when it is anything else, NOT_FOUND.
 */
export async function findSubfolder(root: string, directory: string | undefined): Promise<string> {
  if (directory === undefined) return root;
  const refuse = (why: string) => invalidError(`the folder ${JSON.stringify(directory)} is refused: ${why}`);
  if (directory.startsWith("/")) throw refuse("it is not relative to the repository");
  if (/[\u0000-\u001f\u007f]/.test(directory)) throw refuse("it contains control characters");
  const segments = directory.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refuse('it has a ".." segment');
  let folder = root;
  for (const segment of segments) {
    folder = join(folder, segment);
    const found = await lstat(folder).catch(() => undefined);
    if (found === undefined)
      throw notFoundError(`there is no folder ${JSON.stringify(directory)} in the repository`);
    if (found.isSymbolicLink()) throw refuse("it is, or lies behind, a symbolic link");
    if (!found.isDirectory()) throw refuse("it is not a folder");
  }
  return folder;
}
