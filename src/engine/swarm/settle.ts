import { PlugctlError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { EngineScope } from "../containers.ts";
import type { Service, Task } from "./schema.ts";
import { isRunning, listTasks, pluginService, replicasOf } from "./services.ts";

const LOOK_MS = 250;
/** All tasks have to hold at once for so long. */
const HOLD_MS = 2_000;
/** A swarm tries for ever; so many failures of a new task are enough for us. */
const FAILURES = 3;
const LIMIT_MS = 15 * 60_000;

export interface Settling {
  plugin: string;
  /** When the change was made, as the engine tells the time: older failures are not its fault. */
  since: string;
  progress: ProgressListener;
}

/**
 * Waits until a service has as many running tasks as it shall have, and a rolling update has ended.
 * @throws BACKEND when its tasks do not come up, or the update was rolled back by the swarm; TIMEOUT.
 */
export async function waitUntilSettled(
  scope: EngineScope,
  { plugin, since, progress }: Settling,
): Promise<Service> {
  const begin = Date.now();
  let heldSince: number | undefined;
  let shown = "";
  while (Date.now() - begin < LIMIT_MS) {
    const service = await pluginService(scope, plugin);
    const tasks = await listTasks(scope, [service.ID]);
    const running = tasks.filter(isRunning).length;
    const wanted = replicasOf(service.Spec);
    const message = `${plugin}: ${running} of ${wanted} running`;
    if (message !== shown)
      progress({ phase: "starting", message, done: running, total: wanted, unit: "items" });
    shown = message;
    const update = service.UpdateStatus?.State;
    const failed = tasks.filter(({ CreatedAt, Status }) => CreatedAt >= since && isFailure(Status.State));
    if (update === "rollback_completed")
      throw failedError(plugin, failed, "the swarm went back to what was before");
    if (update === "paused" || update === "rollback_paused")
      throw failedError(plugin, failed, service.UpdateStatus?.Message ?? "its update is paused");
    if (update === undefined && failed.length >= FAILURES)
      throw failedError(plugin, failed, "its tasks do not come up");
    const isSettled = running === wanted && (update === undefined || update === "completed");
    heldSince = isSettled ? (heldSince ?? Date.now()) : undefined;
    if (heldSince !== undefined && Date.now() - heldSince >= (wanted === 0 ? 0 : HOLD_MS)) return service;
    await scope.client.sleep(LOOK_MS);
  }
  throw new PlugctlError("TIMEOUT", `plugin "${plugin}" did not settle within ${LIMIT_MS / 60_000} minutes`);
}

const isFailure = (state: string) => state === "failed" || state === "rejected" || state === "complete";

function failedError(plugin: string, failed: readonly Task[], why: string) {
  const { Status } = failed[0] ?? {};
  const code = Status?.ContainerStatus?.ExitCode;
  const last = Status?.Err ?? (code === undefined ? undefined : `a task ended with code ${code}`);
  return new PlugctlError("BACKEND", `plugin "${plugin}": ${why}${last === undefined ? "" : ` (${last})`}`, {
    details: { plugin, ...(code === undefined ? {} : { exitCode: code }) },
  });
}
