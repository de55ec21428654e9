import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
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
