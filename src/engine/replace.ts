import { conflictError, isPlugctlError } from "../core/errors.ts";
import type { ProgressListener } from "../core/progress.ts";
import { type ContainerDesign, containerBody, designMounts } from "./body.ts";
import {
  type EngineScope,
  findAnyContainer,
  inspectContainer,
  removeContainer,
  startContainer,
  unlessSo,
} from "./containers.ts";
import {
  type CopyList,
  copiedLabel,
  copiedRecord,
  decideCopies,
  listCopies,
  type PreparedCopy,
} from "./copied-files.ts";
import { createContainer, labelVolumes, missingVolumes } from "./create.ts";
import { draftLabel } from "./drafts.ts";
import { ownVolumes, putBack, putCopies, putFolder } from "./fill-volumes.ts";
import { waitUntilHealthy } from "./health.ts";
import { DEFAULT_GRACE_SECONDS } from "./lifecycle.ts";
import { containerNames } from "./names.ts";
import { ensureNetwork, joinNetwork, listNetworks } from "./networks.ts";
import { recovered, rename } from "./recover.ts";
import type { Container } from "./schema.ts";
import { handOverSecrets, type SecretFiles } from "./secrets.ts";
import { discardDraft } from "./undo.ts";

export interface Replacement {
  design: ContainerDesign;
  /** Without them the volumes stay as they are, and so does the record of what was copied into them. */
  copies?: readonly PreparedCopy[];
  /** Labels with that record, where there is no present container that has it. */
  filledAs?: Readonly<Record<string, string>>;
  /** Content of the secret files that are new; the others are taken from the present container. */
  secrets?: SecretFiles;
  /** Archives of this machine to unpack into folders of the container before its start: what a backup held. */
  archives?: readonly { file: string; target: string }[];
  /** Start the new one: `installed` has nothing before it, and otherwise it runs if the old one did. */
  start: boolean;
  progress: ProgressListener;
}

/**
 * Makes a plugin's container and puts it in the place of the present one, if there is one. The present one is kept,
 * stopped, for a rollback.
 *
 * At every moment one of the two can be used: the new one is made beside the old one under another name, started, looked
 * after until it is healthy, and only then given the name. A failure at any step removes what was made and puts the old
 * one back as it was; if this process dies, the next command does that (recover.ts).
 */
export async function replaceContainer(
  scope: EngineScope,
  replacement: Replacement,
): Promise<{ container: Container; warnings: string[] }> {
  const { design, progress } = replacement;
  const { plugin } = design.provenance;
  const names = containerNames(scope.user, plugin);
  const before = await recovered(scope, plugin);
  const current = before.find(({ Names }) => Names.includes(`/${names.current}`));
  if (current === undefined) await requireFreeName(scope, names.current);
  const wasRunning = current !== undefined && ["running", "paused", "restarting"].includes(current.State);
  const newVolumes = await missingVolumes(scope.client, design);
  const undo: (() => Promise<void>)[] = [];
  try {
    progress({ phase: "creating", message: `creating the container of ${plugin}` });
    const { warnings, networks } = await prepareNetworks(scope, design);
    const body = containerBody(design);
    const list = await listCopies(design, replacement.copies ?? [], newVolumes);
    const filledAs = replacement.filledAs ?? current?.Labels ?? {};
    const labels = {
      ...(body.Labels as object),
      ...(replacement.copies === undefined ? copiedRecord(filledAs) : copiedLabel(list)),
      ...draftLabel({ newVolumes, wasRunning }),
    };
    undo.push(() => discardDraft(settled(scope), { id: names.next, plugin }, newVolumes));
    await labelVolumes(scope.client, designMounts(design), newVolumes);
    const id = await createContainer(
      scope.client,
      names.next,
      { ...body, Labels: labels },
      `plugin "${plugin}"`,
    );
    for (const network of networks) await joinNetwork(scope, network, id);
    await handOverSecrets(
      scope,
      { plugin, from: current?.Id, to: id },
      { names: design.settings.secrets ?? [], files: replacement.secrets ?? {} },
    );
    if (current !== undefined && wasRunning) {
      undo.push(() => start(settled(scope), current.Id, plugin));
      await stopForGood(scope, current.Id, plugin);
    }
    await ownVolumes(scope, { id, design, newVolumes });
    warnings.push(...(await fill(scope, id, { list, earlier: before.map(({ Labels }) => Labels), undo })));
    for (const archive of replacement.archives ?? []) await putFolder(scope, id, archive);
    if (replacement.start) {
      await start(scope, id, plugin);
      await waitUntilHealthy(scope, id, { plugin, recipe: design.recipe, progress });
    }
    await commit(scope, { id, plugin, current: current?.Id });
    return { container: await inspectContainer(scope.client, id, `plugin "${plugin}"`), warnings };
  } catch (error) {
    await undoAll(undo, error);
    throw error;
  }
}

/** Only now, since nothing writes into the volumes any more. @returns what was not copied, a sentence each. */
async function fill(
  scope: EngineScope,
  id: string,
  {
    list,
    earlier,
    undo,
  }: { list: CopyList; earlier: Readonly<Record<string, string>>[]; undo: (() => Promise<void>)[] },
): Promise<string[]> {
  const { write, replaced, warnings } = await decideCopies(scope, id, { files: list.files, earlier });
  // Before the container is removed, through which it goes.
  undo.unshift(() => putBack(settled(scope), id, replaced));
  await putCopies(scope, id, { folders: list.folders, write });
  return [...list.warnings, ...warnings];
}

/** The new one takes the name. From the first renaming on, whoever finds this unfinished finishes it. */
async function commit(
  scope: EngineScope,
  { id, plugin, current }: { id: string; plugin: string; current: string | undefined },
): Promise<void> {
  const names = containerNames(scope.user, plugin);
  if (current !== undefined) {
    await removeContainer(scope.client, names.previous, `plugin "${plugin}"`);
    await setRestart(scope, current, "no");
    await rename(scope, current, names.previous);
  }
  await rename(scope, id, names.current);
}

async function undoAll(steps: (() => Promise<void>)[], reason: unknown): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      // The reason is what the user has to hear; what could not be undone now is undone by the next command.
      if (!(reason instanceof Error) || reason.cause !== undefined) continue;
      reason.cause = error;
    }
  }
}

const settled = (scope: EngineScope): EngineScope => ({ ...scope, client: scope.client.afterwards() });

export async function start({ client }: EngineScope, id: string, plugin: string): Promise<void> {
  await startContainer(client, id, `plugin "${plugin}"`);
}

async function resume({ client }: EngineScope, id: string, plugin: string): Promise<void> {
  await client.done((docker, abortSignal) => docker.getContainer(id).unpause({ abortSignal }), {
    subject: `plugin "${plugin}"`,
  });
}

/** Stops it in the time that it asks for. */
export async function stopForGood(scope: EngineScope, id: string, plugin: string): Promise<void> {
  const { Config, State } = await inspectContainer(scope.client, id, `plugin "${plugin}"`);
  // Docker thaws what it is to end; Podman wants to be told.
  if (State.Status === "paused") await resume(scope, id, plugin);
  const call = scope.client.done((docker, abortSignal) => docker.getContainer(id).stop({ abortSignal }), {
    subject: `plugin "${plugin}"`,
    extraMs: (Config.StopTimeout ?? DEFAULT_GRACE_SECONDS) * 1000,
  });
  await unlessSo(call);
}

/** A predecessor is not to come back by itself when the engine starts. */
export async function setRestart(scope: EngineScope, id: string, policy: string): Promise<void> {
  const update = { RestartPolicy: { Name: policy } };
  try {
    await scope.client.done(
      (docker, abortSignal) => docker.getContainer(id).update({ _body: update, abortSignal }),
      { subject: `container ${id.slice(0, 12)}` },
    );
  } catch (error) {
    // Podman before 5 has no such call, and restarts nothing at a start of its own.
    if (!isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
  }
}

async function prepareNetworks(scope: EngineScope, { recipe }: ContainerDesign) {
  await ensureNetwork(scope);
  const present = await listNetworks(scope);
  const absent = recipe.networks.filter((name) => !present.has(name));
  return {
    networks: recipe.networks.filter((name) => present.has(name)),
    warnings: absent.map((name) => `the engine has no network "${name}", which the plugin wants to join`),
  };
}

/** Of another user's plugin, or of somebody who knows nothing of plugctl. */
async function requireFreeName({ client }: EngineScope, name: string): Promise<void> {
  if ((await findAnyContainer(client, name)) === undefined) return;
  throw conflictError(`a container "${name}" that is none of this user's plugins exists on the engine`, {
    hint: "--name installs the plugin under another name",
  });
}
