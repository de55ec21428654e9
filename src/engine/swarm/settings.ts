import { conflictError } from "../../core/errors.ts";
import type { PluginSettings } from "../../core/settings.ts";
import { readBlueprint } from "../blueprint.ts";
import type { EngineScope } from "../containers.ts";
import { shownEnv } from "../settings.ts";
import { pluginService, replicasOf } from "./services.ts";

/** @throws NOT_FOUND. */
export async function readServiceSettings(
  scope: EngineScope,
  name: string,
): Promise<PluginSettings & { replicas: number }> {
  const { Spec } = await pluginService(scope, name);
  const blueprint = readBlueprint(Spec.Labels, Spec.TaskTemplate.ContainerSpec.Env);
  if (blueprint === undefined)
    throw conflictError(`the labels of plugin "${name}" do not say how it was made`);
  const { recipe, settings } = blueprint;
  return {
    name,
    env: shownEnv(recipe, settings),
    volumes: [...(settings.volumes ?? [])],
    ports: [...(settings.ports ?? [])],
    memoryBytes: settings.memoryBytes ?? recipe.memoryBytes,
    cpus: settings.cpus ?? null,
    pids: settings.pids ?? null,
    restart: settings.restart ?? "always",
    replicas: replicasOf(Spec),
    secrets: [...(settings.secrets ?? [])],
  };
}
