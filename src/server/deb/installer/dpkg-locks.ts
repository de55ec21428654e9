import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { cancelledError, PlugctlError } from "../../../core/errors.ts";

const POLL_MS = 250;

interface Holder {
  file: string;
  pid: number;
}

/**
 * Waits until no process has locked dpkg's database.
 * @throws UNAVAILABLE, naming the holder, when one still has after that time; CANCELLED.
 */
export async function waitForLocks(
  files: readonly string[],
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const holder = await findHolder(files);
    if (holder === undefined) return;
    if (Date.now() >= end) throw await lockedError(holder, seconds);
    await sleep(POLL_MS, undefined, { signal }).catch(() => {
      throw cancelledError();
    });
  }
}

async function lockedError({ file, pid }: Holder, seconds: number): Promise<PlugctlError> {
  const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
  const who = name === "" ? `process ${pid}` : `${name} (process ${pid})`;
  return new PlugctlError("UNAVAILABLE", `${file} has been locked by ${who} for ${seconds} seconds`, {
    hint: "wait until it has ended",
    details: { pid, process: name, file },
  });
}

/** dpkg locks by fcntl, and the kernel tells who has: `1: POSIX ADVISORY WRITE <pid> <device>:<inode> 0 EOF`. */
async function findHolder(files: readonly string[]): Promise<Holder | undefined> {
  const inodes = new Map<string, string>();
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined) inodes.set(`${device(found.dev)}:${found.ino}`, file);
  }
  if (inodes.size === 0) return undefined;
  const locks = await readFile("/proc/locks", "utf8");
  for (const [, pid, inode = ""] of locks.matchAll(/^\d+: \S+ +\S+ +WRITE (\d+) (\S+) /gm)) {
    const file = inodes.get(inode);
    if (file !== undefined) return { file, pid: Number(pid) };
  }
  return undefined;
}

/** The number of a device as the kernel prints it. */
function device(dev: number): string {
  const major = ((dev >> 8) & 0xfff) | (Math.floor(dev / 2 ** 32) * 0x1000);
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  return [major, minor].map((part) => part.toString(16).padStart(2, "0")).join(":");
}
