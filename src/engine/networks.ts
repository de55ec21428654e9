import { conflictError, isPlugctlError } from "../core/errors.ts";
import { type EngineScope, listContainers } from "./containers.ts";
import { LABEL } from "./labels.ts";
import { userPart } from "./names.ts";
import { createdSchema, networkListSchema } from "./schema.ts";

/** Plugins of a user find each other by name in a network of the user's; other users' plugins are not in it. */
export const networkName = userPart;

/** All networks of the engine, by name. */
export async function listNetworks({ client }: EngineScope) {
  const networks = await client.json(networkListSchema, (docker, abortSignal) =>
    docker.listNetworks({ abortSignal }),
  );
  return new Map(networks.map((network) => [network.Name, network]));
}

/** @returns true when it was made just now. @throws CONFLICT when the name is that of a network of somebody else's. */
export async function ensureNetwork(scope: EngineScope, options: { driver?: string } = {}): Promise<boolean> {
  const name = networkName(scope.user);
  const present = (await listNetworks(scope)).get(name);
  if (present?.Labels[LABEL.user] === scope.user) return false;
  // A login may be "host": its plugins must not get the engine's own network.
  if (present !== undefined) throw foreignNetwork(scope.user, name);
  const { driver } = options;
  const body = {
    Name: name,
    CheckDuplicate: true,
    Labels: { [LABEL.user]: scope.user },
    ...(driver === undefined ? {} : { Driver: driver, Attachable: true }),
  };
  try {
    await scope.client.json(
      createdSchema,
      async (docker, abortSignal) => ({ Id: (await docker.createNetwork({ ...body, abortSignal })).id }),
      { subject: `network ${name}` },
    );
    return true;
  } catch (error) {
    // Somebody else made it at the same time.
    if (isPlugctlError(error) && error.code === "CONFLICT") return false;
    throw error;
  }
}

/** Removes the user's network when no plugin is left in it and plugctl made it. */
export async function dropNetworkIfUnused(scope: EngineScope): Promise<void> {
  const network = (await listNetworks(scope)).get(networkName(scope.user));
  if (network?.Labels[LABEL.user] !== scope.user) return;
  if ((await listContainers(scope)).length > 0) return;
  try {
    await scope.client.done((docker, abortSignal) => docker.getNetwork(network.Id).remove({ abortSignal }));
  } catch (error) {
    // Somebody joined it by hand, or it has gone.
    if (!isPlugctlError(error) || !["NOT_FOUND", "FORBIDDEN", "CONFLICT"].includes(error.code)) throw error;
  }
}

export async function joinNetwork({ client }: EngineScope, network: string, id: string): Promise<void> {
  await client.done(
    (docker, abortSignal) => docker.getNetwork(network).connect({ Container: id, ...{ abortSignal } }),
    {
      subject: `network ${network}`,
    },
  );
}

const foreignNetwork = (user: string, name: string) =>
  conflictError(
    `the network "${name}", which plugins of ${user} would share, is not plugctl's on this engine`,
    {
      hint: "remove it, or run the plugins as another user",
    },
  );
