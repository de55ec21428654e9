import { randomInt } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import type { BuildUser } from "./sandbox.ts";

/** Numbers that no distribution gives to accounts; the second range is for containers, which have the first 65536 only. */
const RANGES = [
  { first: 2_100_000_000, count: 60_000 },
  { first: 65_000, count: 500 },
] as const;

const taken = new Set<number>();

/**
 * A user for one build, so that builds can neither touch nor count each other's processes.
 * @returns the user, and what gives it back.
 */
export async function takeUser(): Promise<{ user: BuildUser; release: () => void }> {
  const fromRoot = process.getuid?.() === 0;
  const mapped = await mappedUsers();
  const range = RANGES.find(({ first, count }) => first + count <= mapped) ?? RANGES[1];
  let id: number;
  do id = range.first + randomInt(range.count);
  while (taken.has(id));
  taken.add(id);
  return { user: { id, fromRoot }, release: () => taken.delete(id) };
}

/** How many numbers of users there are in this container, or on this machine. */
async function mappedUsers(): Promise<number> {
  const map = await readFile("/proc/self/uid_map", "utf8").catch(() => "");
  const ends = map.split("\n").map((line) => {
    const [inside, , count] = line.trim().split(/\s+/).map(Number);
    return (inside ?? 0) + (count ?? 0);
  });
  return Math.max(...ends.filter(Number.isFinite));
}

/** Ends every process that the test picks out, until there is none. */
async function sweep(isOurs: (process: string) => Promise<boolean>): Promise<void> {
  for (;;) {
    let found = false;
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name) || !(await isOurs(`/proc/${name}`).catch(() => false))) continue;
      found = true;
      try {
        process.kill(Number(name), "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    if (!found) return;
  }
}

/** Ends all processes of a user who has no others than those of one build. */
export const endProcessesOf = (id: number) =>
  sweep(async (folder) => (await stat(folder)).uid === id && !(await isZombie(folder)));

/** Ends all processes that have a word in their environment. */
export const endProcessesWith = (word: string) =>
  sweep(async (folder) => (await readFile(`${folder}/environ`, "latin1")).split("\0").includes(word));

async function isZombie(folder: string): Promise<boolean> {
  const stat = await readFile(`${folder}/stat`, "utf8");
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}
