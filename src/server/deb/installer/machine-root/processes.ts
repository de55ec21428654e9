import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Environment variable by which everything that a change has started is known, whatever session or parent it has now. */
export const CHANGE_VARIABLE = "PLUGCTL_CHANGE";

const ROUNDS = 50;
const ROUND_MS = 20;

/** Ends every process of a change, those too that were begun while it was at it. */
export async function endProcesses(change: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const pids = await processesOf(change);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(ROUND_MS);
  }
}

async function processesOf(change: string): Promise<number[]> {
  const mark = `${CHANGE_VARIABLE}=${change}`;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      return environment.split("\0").includes(mark);
    }),
  );
  return pids.filter((pid, index) => found[index] && pid !== process.pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
