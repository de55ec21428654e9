import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";
import { PlugctlError } from "../../core/errors.ts";
import type { Workspace } from "./workspace.ts";

/** How long the server may take to be ready, in ms. */
const START_LIMIT_MS = 60_000;

const readySchema = z.object({ pid: z.number(), http: z.url() });
export type ReadyServer = z.infer<typeof readySchema>;

/** The words of the command, with paths below the workspace. */
export const SERVE_ARGS = ["serve", "--data", "data", "--port", "0", "--ready-file", "ready.json"];

/** Starts `plugctl serve` in a workspace and waits until it is ready. @throws BACKEND with the end of its log. */
export async function startServer(
  workspace: Workspace,
  options: { launcher: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<ReadyServer> {
  const log = openSync(workspace.path("server.log"), "w", 0o600);
  const child = workspace.start(process.execPath, [options.launcher, ...SERVE_ARGS], {
    cwd: workspace.folder,
    env: options.env,
    // Its stdout would hold the password of the first start.
    stdio: ["ignore", "ignore", log],
  });
  closeSync(log);
  const deadline = Date.now() + START_LIMIT_MS;
  while (!hasEnded(child) && Date.now() < deadline) {
    const ready = await readReadyFile(workspace.path("ready.json"));
    if (ready !== undefined) return ready;
    await sleep(50, undefined, { signal: options.signal });
  }
  const words = (await readFile(workspace.path("server.log"), "utf8"))
    .trim()
    .split("\n")
    .slice(-20)
    .join("\n");
  throw new PlugctlError("BACKEND", `the server did not start${words === "" ? "" : `:\n${words}`}`);
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function readReadyFile(path: string): Promise<ReadyServer | undefined> {
  try {
    return readySchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
