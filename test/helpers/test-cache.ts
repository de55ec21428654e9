import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Outside of the clone, so that what took long to fetch or to build serves the next clone as well. */
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "plugctl-test");

export interface Recipe {
  /** What is in the folder, with its version. */
  readonly name: string;
  /** Files that it is made from: what they say is part of the recipe. */
  readonly sources?: readonly string[];
  /** For `sh -e`; it fills the folder `$made`, which exists, and finds `args` as `$1` and so on. */
  readonly script: string;
  readonly args?: readonly string[];
}

/**
 * A folder of the cache, made once however many ask for it at the same time.
 * @throws with what the script printed when it fails; the next call tries again.
 */
export async function cachedFolder({ name, sources = [], script, args = [] }: Recipe): Promise<string> {
  const hash = createHash("sha256").update(script);
  for (const source of sources) hash.update(await readFile(source));
  const folder = join(CACHE, `${name}-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const made = `${folder}.part`;
  const whole = `
    if [ -e "$folder" ]; then exit 0; fi
    rm -rf "$made" && mkdir "$made"
    ${script}
    mv "$made" "$folder"`;
  const words = [`${folder}.lock`, "sh", "-ec", whole, "sh", ...args];
  const env = { ...process.env, folder, made };
  // flock lets go when its process ends, however it ends.
  await promisify(execFile)("flock", words, { env, maxBuffer: 64 * 1024 * 1024 });
  return folder;
}
