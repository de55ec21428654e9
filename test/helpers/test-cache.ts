import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Outside of the clone, so that what took long to fetch or to build serves the next clone as well. */
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "plugctl-test");

/**
 * A folder of the cache, made at most once however many ask for it at the same time.
 * @param name names what is in it, with its version: it is never made again.
 * @param script for `sh -e`; it fills the folder `$made`, which exists, and finds `args` as `$1` and so on.
 * @throws with what the script printed when it fails; the next call tries again.
 */
export async function cachedFolder(name: string, script: string, args: readonly string[]): Promise<string> {
  const folder = join(CACHE, name);
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
