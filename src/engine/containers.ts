import { isPlugctlError, notFoundError } from "../core/errors.ts";
import type { EngineClient } from "./client.ts";
import { LABEL } from "./labels.ts";
import { checkPluginName, containerNames, roleOf } from "./names.ts";
import { type Container, type ContainerSummary, containerListSchema, containerSchema } from "./schema.ts";

/** The plugins of one user on one engine. */
export interface EngineScope {
  client: EngineClient;
  user: string;
}

/** All containers of the user's plugins, whatever their state and role: one call. */
export async function listContainers(
  { client, user }: EngineScope,
  plugin?: string,
): Promise<ContainerSummary[]> {
  const label = [`${LABEL.user}=${user}`, plugin === undefined ? LABEL.plugin : `${LABEL.plugin}=${plugin}`];
  return client.json(containerListSchema, (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: { label }, abortSignal }),
  );
}

/** Name with its role's ending, without the slash that engines write. */
export const nameOf = ({ Names: [name = ""] }: ContainerSummary) => name.replace(/^\//, "");

export const roleOfContainer = (container: ContainerSummary) => roleOf(nameOf(container));

/** A container by name or id; undefined when there is none, or when it is not one of this user's plugins. */
export async function findContainer(scope: EngineScope, name: string): Promise<Container | undefined> {
  const container = await findAnyContainer(scope.client, name);
  const { Labels = {} } = container?.Config ?? {};
  return LABEL.plugin in Labels && Labels[LABEL.user] === scope.user ? container : undefined;
}

/** Whosesoever it is; undefined when there is none. */
export async function findAnyContainer(client: EngineClient, name: string): Promise<Container | undefined> {
  try {
    return await inspectContainer(client, name);
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** The container of an installed plugin. @throws NOT_FOUND, INVALID for a name that no plugin has. */
export async function pluginContainer(scope: EngineScope, plugin: string): Promise<Container> {
  const found = await findContainer(scope, containerNames(scope.user, checkPluginName(plugin)).current);
  if (found !== undefined) return found;
  throw notFoundError(`no plugin "${plugin}" is installed on target "${scope.client.target}"`, {
    hint: `"plugctl list -t ${scope.client.target}" shows what is`,
  });
}

export function inspectContainer(client: EngineClient, name: string, subject = name): Promise<Container> {
  return client.json(
    containerSchema,
    (docker, abortSignal) => docker.getContainer(name).inspect({ abortSignal }),
    { subject },
  );
}

/** One that runs already is fine. */
export async function startContainer(client: EngineClient, id: string, subject: string): Promise<void> {
  await unlessSo(
    client.done((docker, abortSignal) => docker.getContainer(id).start({ abortSignal }), {
      subject,
      extraMs: 30_000,
    }),
  );
}

/** What is so already, perhaps since a moment ago, engines answer with 304. */
export async function unlessSo(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isPlugctlError(error) || error.details?.status !== 304) throw error;
  }
}

/** Removes a container and its anonymous volumes, running or not; one that is gone is fine. */
export async function removeContainer(client: EngineClient, id: string, subject: string): Promise<void> {
  try {
    await client.done(
      (docker, abortSignal) => docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
      { subject, extraMs: 30_000 },
    );
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return;
    // Somebody else is at it: what was wanted happens.
    if (isPlugctlError(error) && /removal of container .* is already in progress/.test(error.message)) return;
    throw error;
  }
}
