import { notFoundError } from "../core/errors.ts";
import { type EngineScope, listContainers, removeContainer, roleOfContainer } from "./containers.ts";
import { LABEL } from "./labels.ts";
import { checkPluginName } from "./names.ts";
import { dropNetworkIfUnused } from "./networks.ts";
import { volumeListSchema } from "./schema.ts";
import { removeVolume } from "./undo.ts";

export interface RemovalOrder {
  name: string;
  /** Its data as well. */
  purge: boolean;
  dryRun: boolean;
}

/**
 * Removes a plugin's containers, the one kept for a rollback included, and with `purge` its volumes.
 * @returns one row; @throws NOT_FOUND when nothing of it is there.
 */
export async function removePlugin(
  scope: EngineScope,
  { name, purge, dryRun }: RemovalOrder,
): Promise<{ name: string; version: string; state: string }[]> {
  const plugin = checkPluginName(name);
  const containers = await listContainers(scope, plugin);
  const volumes = purge ? await pluginVolumes(scope, plugin) : [];
  if (containers.length === 0 && volumes.length === 0) {
    throw notFoundError(`no plugin "${plugin}" is installed on target "${scope.client.target}"`);
  }
  const current = containers.find((container) => roleOfContainer(container) === "current") ?? containers[0];
  const version = current?.Labels[LABEL.version] ?? "";
  if (dryRun) return [{ name: plugin, version, state: "installed" }];
  for (const { Id } of containers) await removeContainer(scope.client, Id, `plugin "${plugin}"`);
  for (const volume of volumes) await removeVolume(scope, volume);
  await dropNetworkIfUnused(scope);
  return [{ name: plugin, version, state: purge ? "purged" : "removed" }];
}

/** Volumes that were made for this plugin. */
export async function pluginVolumes({ client, user }: EngineScope, plugin: string): Promise<string[]> {
  const { Volumes } = await client.json(volumeListSchema, (docker, abortSignal) =>
    docker.listVolumes({ abortSignal }),
  );
  return Volumes.filter(({ Labels }) => Labels[LABEL.plugin] === plugin && Labels[LABEL.user] === user).map(
    ({ Name }) => Name,
  );
}
