import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Removes what a process that was killed has left in a folder: everything whose name begins with `prefix`. */
export async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (name.startsWith(prefix)) await removeTree(join(folder, name));
}

/** Removes a folder of somebody else's files: also one with folders that nobody can read, or with paths of any length. */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    // Those of the system go from folder to folder, and so need no long paths.
    await run("chmod", ["--recursive", "u+rwX", "--", folder]).catch(() => {});
    await run("rm", ["--recursive", "--force", "--", folder]);
  }
}
