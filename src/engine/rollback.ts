import { conflictError } from "../core/errors.ts";
import type { InstallationChange } from "../core/installation.ts";
import type { ProgressListener } from "../core/progress.ts";
import { readBlueprint, readProvenance } from "./blueprint.ts";
import { type EngineScope, findContainer, inspectContainer, pluginContainer } from "./containers.ts";
import { waitUntilHealthy } from "./health.ts";
import { containerNames } from "./names.ts";
import { recipeOfImage } from "./recipe.ts";
import { recovered, rename } from "./recover.ts";
import { setRestart, start, stopForGood } from "./replace.ts";
import type { Container } from "./schema.ts";
import { toEngineState, toPluginState } from "./states.ts";

/**
 * Puts the container from before the last change back: its image, version and settings. The present one is kept in its
 * place, so that a second rollback undoes the first.
 * @throws CONFLICT when there is none; BACKEND when it does not start, and everything is as it was.
 */
export async function rollbackPlugin(
  scope: EngineScope,
  { name, dryRun }: { name: string; dryRun: boolean },
  progress: ProgressListener,
): Promise<InstallationChange> {
  if (!dryRun) await recovered(scope, name);
  const current = await pluginContainer(scope, name);
  const names = containerNames(scope.user, name);
  const previous = await findContainer(scope, names.previous);
  if (previous === undefined) {
    throw conflictError(`plugin "${name}" has nothing to go back to`, {
      hint: "there is something after an update or a change of settings",
    });
  }
  const versions = {
    version: readProvenance(previous).version,
    previousVersion: readProvenance(current).version,
  };
  if (dryRun) {
    const plan = [
      `stop the present container${versions.previousVersion === null ? "" : ` (${versions.previousVersion})`}`,
      `start the one from before${versions.version === null ? "" : ` (${versions.version})`}`,
    ];
    return { name, ...versions, state: stateOf(current), changed: false, warnings: [], plan };
  }
  const wasRunning = ["running", "paused", "restarting"].includes(current.State.Status);
  await swap(scope, { name, current, previous, wasRunning }, progress);
  const now = await inspectContainer(scope.client, previous.Id, `plugin "${name}"`);
  return { name, ...versions, state: stateOf(now), changed: true, warnings: [], plan: [] };
}

async function swap(
  scope: EngineScope,
  { name, current, previous, wasRunning }: Swap,
  progress: ProgressListener,
): Promise<void> {
  const names = containerNames(scope.user, name);
  const blueprint = readBlueprint(previous.Config.Labels, previous.Config.Env);
  try {
    if (wasRunning) {
      await stopForGood(scope, current.Id, name);
      await start(scope, previous.Id, name);
      const recipe = blueprint?.recipe ?? recipeOfImage(previous.Config.Image);
      await waitUntilHealthy(scope, previous.Id, { plugin: name, recipe, progress });
    }
    await setRestart(scope, previous.Id, blueprint?.settings.restart ?? "unless-stopped");
  } catch (error) {
    const after = { ...scope, client: scope.client.afterwards() };
    await stopForGood(after, previous.Id, name).catch(() => undefined);
    await setRestart(after, previous.Id, "no").catch(() => undefined);
    if (wasRunning) await start(after, current.Id, name).catch(() => undefined);
    throw error;
  }
  // From here on whoever finds this unfinished finishes it (recover.ts).
  await setRestart(scope, current.Id, "no");
  await rename(scope, current.Id, names.next);
  await rename(scope, previous.Id, names.current);
  await rename(scope, current.Id, names.previous);
}

interface Swap {
  name: string;
  current: Container;
  previous: Container;
  wasRunning: boolean;
}

const stateOf = ({ State }: Container) => toPluginState(toEngineState(State.Status), State.ExitCode);
