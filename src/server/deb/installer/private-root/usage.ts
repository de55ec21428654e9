import { statfs } from "node:fs/promises";
import { RESERVE_BYTES, type UsageLimits } from "../../builder/limits.ts";
import { descendants } from "../../builder/processes.ts";
import { excessInMemory, measure } from "../../builder/usage.ts";

/**
 * Makes a look at what a command uses too much of, from now on.
 * @param folder that all of it is written to. @param pid of the process that all others descend from.
 */
export function lookAtCommand({
  folder,
  pid,
  limits,
}: {
  folder: string;
  pid: number;
  limits: UsageLimits;
}): () => Promise<string | undefined> {
  const before = spaceOf(folder);
  // Of a folder that is not there nothing can be too much.
  before.catch(() => {});
  return async () =>
    (await excessOnDisk(folder, await before, limits)) ?? excessOfProcesses(await descendants(pid), limits);
}

interface Space {
  bytes: number;
  files: number;
}

async function spaceOf(folder: string): Promise<Space> {
  const { bavail, bsize, ffree } = await statfs(folder);
  return { bytes: bavail * bsize, files: ffree };
}

/** Files are only counted when so much of the disk is gone that they can be too many: an installation may have very many. */
async function excessOnDisk(folder: string, before: Space, limits: UsageLimits): Promise<string | undefined> {
  const now = await spaceOf(folder);
  const used = before.bytes - now.bytes;
  if (used > RESERVE_BYTES && now.bytes < RESERVE_BYTES) return "fills the disk";
  if (used <= limits.treeBytes && before.files - now.files <= limits.treeFiles) return undefined;
  return measure(folder, { bytes: 0, files: 0 }, limits);
}

async function excessOfProcesses(pids: readonly number[], limits: UsageLimits): Promise<string | undefined> {
  if (pids.length >= limits.processes) return `starts ${limits.processes} processes`;
  return excessInMemory(pids, limits);
}
