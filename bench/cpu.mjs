// CPU time of whole processes, measured side by side: the commands run in turn, so that a machine whose speed
// drifts treats them alike, and what counts is the ratio.
import { spawn } from "node:child_process";

/**
 * Runs each command `runs` times in turn after one warm-up.
 * @param {Record<string, {args: string[], env?: object}>} commands by label; the first is what the others are compared with
 * @returns {Promise<{label: string, medianMs: number, ratio: number}[]>}
 */
export async function compare(node, commands, runs) {
  const samples = new Map(Object.keys(commands).map((label) => [label, []]));
  for (let round = 0; round <= runs; round += 1) {
    for (const [label, { args, env }] of Object.entries(commands)) {
      const ms = await cpuMs(node, args, env);
      if (round > 0) samples.get(label).push(ms);
    }
  }
  const medians = [...samples].map(([label, values]) => ({ label, medianMs: median(values) }));
  return medians.map((row) => ({ ...row, ratio: row.medianMs / medians[0].medianMs }));
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** User and system time of one process and its children, by `time` of the shell's own accounting. */
function cpuMs(node, args, env) {
  return new Promise((resolve, reject) => {
    const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
    const child = spawn("bash", ["-c", script, "bash", node, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", () => {
      const [user, system] = text.trim().split(/\s+/).map(Number);
      resolve((user + system) * 1000);
    });
  });
}
