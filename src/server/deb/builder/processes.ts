import { readdir, readFile, stat } from "node:fs/promises";

/** Numbers of all processes that this one can see. */
async function all(): Promise<number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** State and parent of a process; undefined when there is none. */
async function look(pid: number): Promise<{ state: string; parent: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // They follow the name of the program, which may contain anything.
  const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return state === undefined || parent === undefined ? undefined : { state, parent: Number(parent) };
}

/** Whether a process has ended, though its parent may not have asked for that yet. */
export async function hasEnded(pid: number): Promise<boolean> {
  const found = await look(pid);
  return found === undefined || found.state === "Z" || found.state === "X";
}

/** Every process that comes from another one. */
export async function descendants(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const each of await all()) {
    const { parent = 0 } = (await look(each)) ?? {};
    children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found.slice(1);
}

/** Memory that a process does not share with files, in bytes. */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kibibytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].map(([, size]) => Number(size));
  return kibibytes.reduce((sum, size) => sum + size, 0) * 1024;
}

/** Ends all processes of a user who has no others than those of one build. */
export const endProcessesOf = (user: number): Promise<void> =>
  endAll(async (pid) => (await stat(`/proc/${pid}`)).uid === user);

/** Ends all processes that have a word in their environment. */
export const endProcessesWith = (word: string): Promise<void> =>
  endAll(async (pid) => (await readFile(`/proc/${pid}/environ`, "latin1")).split("\0").includes(word));

/** Ends the processes that are meant, and those that they start meanwhile. */
async function endAll(isMeant: (pid: number) => Promise<boolean>): Promise<void> {
  let found: boolean;
  do {
    found = false;
    for (const pid of await all()) {
      if (!(await isMeant(pid).catch(() => false)) || (await hasEnded(pid))) continue;
      found = true;
      endProcess(pid);
    }
  } while (found);
}

/** @param pid negative for a group. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
