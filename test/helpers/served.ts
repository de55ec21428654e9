import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const BIN = join(import.meta.dirname, "..", "..", "bin", "plugctl.js");

/** A `plugctl serve` of the built program, as a process of its own. */
export interface Served {
  readonly process: ChildProcess;
  readonly http: string;
  /** Admin token of the first start. */
  readonly token: string;
  /** Ends it with a signal and waits; returns its exit code, or null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the server on `folder/data`, with configuration in `folder/config`. */
export async function serve(folder: string, args: readonly string[] = []): Promise<Served> {
  const readyFile = join(folder, "ready.json");
  await rm(readyFile, { force: true });
  const words = ["serve", "--data", join(folder, "data"), "--port", "0", "--ready-file", readyFile, ...args];
  const child = spawn(process.execPath, [BIN, ...words], {
    env: { ...process.env, PLUGCTL_CONFIG_DIR: join(folder, "config") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  const exit = once(child, "exit");
  for (let waited = 0; waited < 30_000 && child.exitCode === null; waited += 20) {
    const ready = await readJson<{ http: string }>(readyFile);
    const stored = await readJson<{ credentials: Record<string, { token: string }> }>(
      join(folder, "config", "credentials.json"),
    );
    const token = stored?.credentials["local-store"]?.token;
    if (ready !== undefined && token !== undefined) {
      return {
        process: child,
        http: ready.http,
        token,
        end: async (signal = "SIGTERM") => {
          child.kill(signal);
          await exit;
          return child.exitCode;
        },
      };
    }
    await setTimeout(20);
  }
  child.kill("SIGKILL");
  throw new Error(`the server did not start: ${stderr}`);
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}
