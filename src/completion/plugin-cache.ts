import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../config/atomic-file.ts";
import type { Candidate } from "./suggest.ts";

const MAX_AGE_MS = 10_000;

interface CachedTarget {
  name: string;
  url: string;
}

const fileOf = (folder: string, { name }: CachedTarget) => join(folder, "completion", `${name}.json`);

/** The plugins of a target as they were within the last ten seconds; undefined when they are not known. */
export async function readCachedPlugins(
  folder: string,
  target: CachedTarget,
  now: Date,
): Promise<Candidate[] | undefined> {
  try {
    const cached = JSON.parse(await readFile(fileOf(folder, target), "utf8")) as Partial<Cached>;
    const ageMs = now.getTime() - Date.parse(cached.at ?? "");
    const fits = cached.url === target.url && ageMs >= 0 && ageMs < MAX_AGE_MS;
    return fits && Array.isArray(cached.plugins) ? cached.plugins.filter(isCandidate) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps them for the next key press. */
export async function writeCachedPlugins(
  folder: string,
  target: CachedTarget,
  now: Date,
  plugins: Candidate[],
): Promise<void> {
  const cached: Cached = { url: target.url, at: now.toISOString(), plugins };
  // A cache that cannot be written is a slower one.
  await writeFileAtomic(fileOf(folder, target), JSON.stringify(cached)).catch(() => {});
}

interface Cached {
  url: string;
  at: string;
  plugins: Candidate[];
}

function isCandidate(item: unknown): item is Candidate {
  return typeof item === "object" && item !== null && "value" in item && typeof item.value === "string";
}
