import { conflictError, isPlugctlError, notFoundError } from "../../core/errors.ts";
import type { PluginState } from "../../core/plugin.ts";
import type { EngineScope } from "../containers.ts";
import { LABEL } from "../labels.ts";
import { checkPluginName } from "../names.ts";
import { type Service, type ServiceSpec, serviceListSchema, type Task, taskListSchema } from "./schema.ts";

/** The user's plugins that are services. @throws CONFLICT when the engine manages no swarm. */
export async function listServices({ client, user }: EngineScope, plugin?: string): Promise<Service[]> {
  const label = [`${LABEL.user}=${user}`, plugin === undefined ? LABEL.plugin : `${LABEL.plugin}=${plugin}`];
  try {
    return await client.json(serviceListSchema, (docker, abortSignal) =>
      docker.listServices({ filters: { label }, ...{ abortSignal } }),
    );
  } catch (error) {
    if (!isPlugctlError(error) || !/not a swarm manager/.test(error.message)) throw error;
    throw conflictError(`the engine of target "${client.target}" manages no swarm`, {
      hint: '"docker swarm init" makes it the first manager of one',
      cause: error,
    });
  }
}

/** @throws NOT_FOUND. */
export async function pluginService(scope: EngineScope, plugin: string): Promise<Service> {
  const [found] = await listServices(scope, checkPluginName(plugin));
  if (found !== undefined) return found;
  throw notFoundError(`no plugin "${plugin}" is installed on target "${scope.client.target}"`, {
    hint: `"plugctl list -t ${scope.client.target}" shows what is`,
  });
}

/** Tasks of the user's services, newest first. */
export async function listTasks({ client }: EngineScope, services: readonly string[]): Promise<Task[]> {
  if (services.length === 0) return [];
  const tasks = await client.json(taskListSchema, (docker, abortSignal) =>
    docker.listTasks({ filters: { service: [...services] }, ...{ abortSignal } }),
  );
  return tasks.sort((one, other) => (one.CreatedAt < other.CreatedAt ? 1 : -1));
}

export const replicasOf = ({ Mode }: ServiceSpec) => Mode.Replicated?.Replicas ?? 1;

export const isRunning = ({ DesiredState, Status }: Task) =>
  DesiredState === "running" && Status.State === "running";

/** A service has as many states as tasks; this is what they come to. */
export function stateOf(
  { Spec, ID }: Service,
  tasks: readonly Task[],
): { state: PluginState; nativeState: string } {
  const own = tasks.filter(({ ServiceID }) => ServiceID === ID);
  const running = own.filter(isRunning).length;
  const wanted = replicasOf(Spec);
  const nativeState = `${running}/${wanted}`;
  if (wanted === 0) return { state: running > 0 ? "restarting" : "stopped", nativeState };
  if (running >= wanted) return { state: "running", nativeState };
  const last = own[0]?.Status.State;
  return {
    state: running === 0 && (last === "failed" || last === "rejected") ? "failed" : "restarting",
    nativeState,
  };
}
