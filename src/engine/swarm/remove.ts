import { isPlugctlError } from "../../core/errors.ts";
import type { EngineScope } from "../containers.ts";
import { LABEL } from "../labels.ts";
import { listNetworks, networkName } from "../networks.ts";
import { pluginVolumes, type RemovalOrder } from "../remove.ts";
import { removeVolume } from "../undo.ts";
import { removeSecrets } from "./secrets.ts";
import { listServices, pluginService } from "./services.ts";

/** Tasks end after their service; what they use cannot be removed before. */
const TRIES = 60;
const LOOK_MS = 500;

/** Removes a service, and with `purge` its volumes on this node. @throws NOT_FOUND. */
export async function removeService(scope: EngineScope, { name, purge, dryRun }: RemovalOrder) {
  const service = await pluginService(scope, name);
  const version = service.Spec.Labels[LABEL.version] ?? "";
  if (dryRun) return [{ name, version, state: "installed" }];
  await scope.client.done((docker) => docker.getService(service.ID).remove(), {
    subject: `plugin "${name}"`,
  });
  await removeSecrets(scope, name);
  for (const volume of purge ? await pluginVolumes(scope, name) : []) {
    for (let tries = 0; tries < TRIES && !(await removeVolume(scope, volume)); tries++) {
      if (!(await pluginVolumes(scope, name)).includes(volume)) break;
      await scope.client.sleep(LOOK_MS);
    }
  }
  await dropServiceNetwork(scope);
  return [{ name, version, state: purge ? "purged" : "removed" }];
}

/** Removes the user's network when no service is left, and waits until the swarm has: a new one needs the name. */
export async function dropServiceNetwork(scope: EngineScope): Promise<void> {
  if ((await listServices(scope)).length > 0) return;
  for (let tries = 0; tries < TRIES; tries++) {
    const network = (await listNetworks(scope)).get(networkName(scope.user));
    if (network?.Labels[LABEL.user] !== scope.user) return;
    try {
      await scope.client.done((docker, abortSignal) => docker.getNetwork(network.Id).remove({ abortSignal }));
    } catch (error) {
      // In use by tasks that are ending, or removed and still known to this node.
      if (!isPlugctlError(error) || !EXPECTED.has(error.code)) throw error;
    }
    await scope.client.sleep(LOOK_MS);
  }
}

const EXPECTED: ReadonlySet<string> = new Set(["NOT_FOUND", "FORBIDDEN", "INVALID", "CONFLICT", "BACKEND"]);
