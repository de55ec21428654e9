import { isPlugctlError } from "../core/errors.ts";
import { type EngineScope, removeContainer } from "./containers.ts";
import { dropNetworkIfUnused } from "./networks.ts";

/** Removes a container that did not come to be used, with the volumes that were made for it, and an unused network. */
export async function discardDraft(
  scope: EngineScope,
  container: { id: string; plugin: string },
  newVolumes: readonly string[],
): Promise<void> {
  await removeContainer(scope.client, container.id, `plugin "${container.plugin}"`);
  for (const name of newVolumes) await removeVolume(scope, name);
  await dropNetworkIfUnused(scope);
}

/** One that is gone, or that somebody else has come to use, is fine. @returns whether it was removed. */
export async function removeVolume({ client }: EngineScope, name: string): Promise<boolean> {
  try {
    await client.done((docker, abortSignal) => docker.getVolume(name).remove({ abortSignal }), {
      subject: `volume ${name}`,
    });
    return true;
  } catch (error) {
    if (isPlugctlError(error) && ["NOT_FOUND", "CONFLICT"].includes(error.code)) return false;
    throw error;
  }
}
