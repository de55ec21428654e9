import { statfs } from "node:fs/promises";
import { RESERVE_BYTES, shownBytes } from "../../builder/limits.ts";
import { descendants, memoryOf } from "../../builder/processes.ts";
import { measure } from "../../builder/usage.ts";
import type { ChangeLimits } from "../limits.ts";

/** How often what a command uses is looked at, in ms. */
const WATCH_MS = 200;

/**
 * Looks at what a command uses until it is stopped.
 * @param folder that all of it is written to. @param pid of the process that all others descend from.
 * @param exceeded called once, with what is too much, as in "the command …".
 * @returns stops it.
 */
export function watchCommand(
  { folder, pid, limits }: { folder: string; pid: number; limits: ChangeLimits },
  exceeded: (what: string) => void,
): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const before = spaceOf(folder);
  async function look(): Promise<void> {
    const what = (await excessOnDisk(folder, await before, limits)) ?? (await excessOfProcesses(pid, limits));
    if (stopped) return;
    if (what !== undefined) return exceeded(what);
    timer = setTimeout(turn, WATCH_MS);
  }
  function turn(): void {
    look().catch(() => {
      // A folder that vanishes while it is read; the next turn sees it as it is then.
      if (!stopped) timer = setTimeout(turn, WATCH_MS);
    });
  }
  before.then(() => {
    if (!stopped) timer = setTimeout(turn, WATCH_MS);
  }, exceededNothing);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Of a folder that is not there nothing can be too much. */
const exceededNothing = () => undefined;

interface Space {
  bytes: number;
  files: number;
}

async function spaceOf(folder: string): Promise<Space> {
  const { bavail, bsize, ffree } = await statfs(folder);
  return { bytes: bavail * bsize, files: ffree };
}

/** Files are only counted when so much of the disk is gone that they can be too many: an installation may have very many. */
async function excessOnDisk(
  folder: string,
  before: Space,
  limits: ChangeLimits,
): Promise<string | undefined> {
  const now = await spaceOf(folder);
  const used = before.bytes - now.bytes;
  if (used > RESERVE_BYTES && now.bytes < RESERVE_BYTES) return "fills the disk";
  if (used <= limits.treeBytes && before.files - now.files <= limits.treeFiles) return undefined;
  return measure(folder, { bytes: 0, files: 0 }, limits);
}

async function excessOfProcesses(pid: number, limits: ChangeLimits): Promise<string | undefined> {
  const pids = await descendants(pid);
  if (pids.length >= limits.processes) return `starts ${limits.processes} processes`;
  const sizes = await Promise.all(pids.map(memoryOf));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total > limits.memoryBytes
    ? `uses more than ${shownBytes(limits.memoryBytes)} of memory`
    : undefined;
}
