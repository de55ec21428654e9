import { PlugctlError } from "../../core/errors.ts";
import type { Lifecycle, LifecycleAction, LifecycleResult } from "../../core/lifecycle.ts";
import { readBlueprint } from "../blueprint.ts";
import type { Workshop } from "../install.ts";
import { applySpec, stateNow } from "./change.ts";
import { pluginService, replicasOf } from "./services.ts";

const quiet = () => undefined;

/** A service runs as long as it has replicas: stopping it means none. */
export function createServiceLifecycle(shop: Workshop): Lifecycle {
  return {
    start: (name) => scale(shop, name, (usual) => usual),
    stop: (name) => scale(shop, name, () => 0),
    async restart(name) {
      const service = await pluginService(shop, name);
      const { Spec } = service;
      const replicas = replicasOf(Spec) || usualReplicas(Spec);
      const forced = {
        ...Spec,
        Mode: { Replicated: { Replicas: replicas } },
        TaskTemplate: { ...Spec.TaskTemplate, ForceUpdate: (Spec.TaskTemplate.ForceUpdate ?? 0) + 1 },
      };
      const settled = await applySpec(shop, service, forced, { progress: quiet, login: undefined });
      return { name, ...(await stateNow(shop, settled)), changed: true };
    },
    kill: (name) => never(shop, name, "kill", "stop"),
    pause: (name) => never(shop, name, "pause", "stop"),
    resume: (name) => never(shop, name, "resume", "start"),
  };
}

async function scale(
  shop: Workshop,
  name: string,
  replicas: (usual: number) => number,
): Promise<LifecycleResult> {
  const service = await pluginService(shop, name);
  const { Spec } = service;
  const wanted = replicas(replicasOf(Spec) || usualReplicas(Spec));
  if (wanted === replicasOf(Spec)) return { name, ...(await stateNow(shop, service)), changed: false };
  const scaled = { ...Spec, Mode: { Replicated: { Replicas: wanted } } };
  const settled = await applySpec(shop, service, scaled, { progress: quiet, login: undefined });
  return { name, ...(await stateNow(shop, settled)), changed: true };
}

/** What the settings say, since a stopped service does not. */
function usualReplicas({ Labels }: { Labels: Record<string, string> }): number {
  return readBlueprint(Labels, [])?.settings.replicas || 1;
}

async function never(
  shop: Workshop,
  name: string,
  action: LifecycleAction,
  instead: LifecycleAction,
): Promise<never> {
  await pluginService(shop, name);
  throw new PlugctlError("UNSUPPORTED", `${name} is a service of a swarm, which knows no ${action}`, {
    hint: `"plugctl ${instead} ${name}" is possible`,
  });
}
