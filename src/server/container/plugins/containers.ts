import type { EngineClient } from "../../../engine/client.ts";
import { roleOfContainer } from "../../../engine/containers.ts";
import { LABEL } from "../../../engine/labels.ts";
import { type ContainerSummary, containerListSchema } from "../../../engine/schema.ts";

/** Containers of plugins, over all users and in every role. */
export const listContainersOfAll = (client: EngineClient): Promise<ContainerSummary[]> =>
  client.json(containerListSchema, (docker, abortSignal) =>
    docker.listContainers({ all: true, filters: { label: [LABEL.plugin] }, abortSignal }),
  );

/** Whose plugins are on the engine, over all users. */
export async function listPluginsOfAll(client: EngineClient): Promise<{ user: string; name: string }[]> {
  const containers = await listContainersOfAll(client);
  return containers
    .filter((container) => roleOfContainer(container) === "current")
    .map(({ Labels }) => ({ user: Labels[LABEL.user] ?? "", name: Labels[LABEL.plugin] ?? "" }));
}
