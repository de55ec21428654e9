import { type Dirent, lstatSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { giveWay } from "../give-way.ts";
import { type BuildLimits, RESERVE_BYTES, shownBytes, type UsageLimits } from "./limits.ts";
import { descendants, memoryOf } from "./processes.ts";

/** Linux takes paths of up to 4096 bytes; what is deeper could not be measured. */
const LONGEST_PATH = 2000;

/** What a step uses too much of, in its folder and in memory. @param pid of the process that all others of it descend from. */
export async function excessOfStep({
  folder,
  pid,
  limits,
}: {
  folder: string;
  pid: number;
  limits: BuildLimits;
}): Promise<string | undefined> {
  return (await excessOnDisk(folder, limits)) ?? excessInMemory(await descendants(pid), limits);
}

/** What of the disk is too much, if anything. */
export async function excessOnDisk(folder: string, limits: BuildLimits): Promise<string | undefined> {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < RESERVE_BYTES) return "fills the disk";
  return measure(folder, { bytes: 0, files: 0 }, limits);
}

/** Adds up what lies in a folder. @returns what is too much. */
export async function measure(
  folder: string,
  used: { bytes: number; files: number },
  limits: Pick<UsageLimits, "treeBytes" | "treeFiles">,
): Promise<string | undefined> {
  if (folder.length > LONGEST_PATH) return "nests folders too deeply";
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // It may just have been removed.
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" ? "makes a folder that cannot be read" : undefined;
  }
  for (const entry of entries) {
    await giveWay();
    const path = join(folder, entry.name);
    used.files++;
    if (entry.isFile()) used.bytes += (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
    if (used.bytes > limits.treeBytes) return `writes more than ${shownBytes(limits.treeBytes)}`;
    if (used.files > limits.treeFiles) return `makes more than ${limits.treeFiles} files`;
    const below = entry.isDirectory() ? await measure(path, used, limits) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

/** What of the memory is too much for processes together. */
export async function excessInMemory(
  pids: readonly number[],
  limits: Pick<UsageLimits, "memoryBytes">,
): Promise<string | undefined> {
  const sizes = await Promise.all(pids.map(memoryOf));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total > limits.memoryBytes
    ? `uses more than ${shownBytes(limits.memoryBytes)} of memory`
    : undefined;
}
