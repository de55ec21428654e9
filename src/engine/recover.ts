import { conflictError } from "../core/errors.ts";
import { type EngineScope, listContainers, nameOf, roleOfContainer, startContainer } from "./containers.ts";
import { isAbandoned, readDraft } from "./drafts.ts";
import { LABEL } from "./labels.ts";
import { containerNames } from "./names.ts";
import type { ContainerSummary } from "./schema.ts";
import { discardDraft } from "./undo.ts";

/**
 * Finishes or undoes what a process that died left half-done.
 * @param containers all of the user's, as listed. @returns true when something was changed.
 */
export async function recover(scope: EngineScope, containers: readonly ContainerSummary[]): Promise<boolean> {
  const left = containers.filter(
    (container) => roleOfContainer(container) === "next" && isAbandoned(readDraft(container.Labels)),
  );
  for (const next of left) await settle(scope, next, containers);
  return left.length > 0;
}

/**
 * Before a change of a plugin: nothing half-done of it is left, and nobody else is at it.
 * @returns the plugin's containers. @throws CONFLICT.
 */
export async function recovered(scope: EngineScope, plugin: string): Promise<ContainerSummary[]> {
  const containers = await listContainers(scope, plugin);
  const next = containers.find((container) => roleOfContainer(container) === "next");
  if (next === undefined) return containers;
  const draft = readDraft(next.Labels);
  if (!isAbandoned(draft)) {
    throw conflictError(`plugin "${plugin}" is being changed by process ${draft?.pid} on ${draft?.host}`, {
      hint: "wait until it has finished",
      details: { plugin, pid: draft?.pid, host: draft?.host },
    });
  }
  await settle(scope, next, containers);
  return listContainers(scope, plugin);
}

async function settle(
  scope: EngineScope,
  next: ContainerSummary,
  containers: readonly ContainerSummary[],
): Promise<void> {
  const plugin = next.Labels[LABEL.plugin] ?? "";
  const names = containerNames(scope.user, plugin);
  const present = new Map(containers.map((container) => [nameOf(container), container]));
  const current = present.get(names.current);
  const draft = readDraft(next.Labels);
  if (current === undefined && present.has(names.previous)) {
    // The old one had made room already: only the last renaming is missing.
    await rename(scope, next.Id, names.current);
  } else if (current !== undefined && draft === null && !present.has(names.previous)) {
    // A rollback had put the other one in place already.
    await rename(scope, next.Id, names.previous);
  } else {
    await discardDraft(scope, { id: next.Id, plugin }, draft?.newVolumes ?? []);
    if (current !== undefined && draft?.wasRunning === true) {
      // Its engine may have started it by itself.
      await startContainer(scope.client, current.Id, `plugin "${plugin}"`);
    }
  }
}

export async function rename({ client }: EngineScope, id: string, name: string): Promise<void> {
  await client.done(
    (docker, abortSignal) => docker.getContainer(id).rename({ _query: { name }, abortSignal }),
    {
      subject: `container ${name}`,
    },
  );
}
