import { conflictError } from "../core/errors.ts";
import type { ProgressListener } from "../core/progress.ts";
import type { PluginSettings, SettingsChange } from "../core/settings.ts";
import { readProvenance } from "./blueprint.ts";
import { containerEnv, limits } from "./body.ts";
import { pluginContainer } from "./containers.ts";
import { readContainer, refuseClusterSettings, updateInPlace } from "./in-place.ts";
import { designOf, type Workshop } from "./install.ts";
import { LABEL } from "./labels.ts";
import { findImage } from "./pull.ts";
import type { Recipe } from "./recipe.ts";
import { replaceContainer } from "./replace.ts";
import type { Container } from "./schema.ts";
import { describeSecrets, newSecrets } from "./secrets.ts";
import { toEngineState, toPluginState } from "./states.ts";
import { mergeSettings, type UserSettings } from "./user-settings.ts";

/** Names that mostly stand for something that is not to be shown. */
const SECRET_NAME = /pass|secret|token|key|credential|auth/i;
const HIDDEN = "••••••";
const NANO = 1e9;
/** Settings that an engine can change without making the container anew, and that can be told from its own defaults. */
const IN_PLACE = ["memoryBytes", "cpus", "restart"];

/** Settings as they are in force; values of what looks like a secret are hidden. @throws NOT_FOUND. */
export async function readSettings(shop: Workshop, name: string): Promise<PluginSettings> {
  const container = await pluginContainer(shop, name);
  const { recipe, settings } = blueprintOf(name, container);
  const { HostConfig, Mounts } = container;
  return {
    name,
    env: shownEnv(recipe, settings),
    volumes: Mounts.map(
      ({ Name, Source, Destination, RW }) => `${Name || Source}:${Destination}${RW === false ? ":ro" : ""}`,
    ).sort(),
    ports: [...(settings.ports ?? [])],
    memoryBytes: HostConfig.Memory || null,
    cpus: HostConfig.NanoCpus ? HostConfig.NanoCpus / NANO : null,
    pids: HostConfig.PidsLimit || null,
    restart: HostConfig.RestartPolicy?.Name || "no",
    secrets: [...(settings.secrets ?? [])],
  };
}

/** Variables with their values, except those of what looks like a secret. */
export function shownEnv(recipe: Recipe, settings: UserSettings): Record<string, string> {
  const shown = Object.entries(containerEnv(recipe, settings)).map(([key, value]) => [
    key,
    isSecret(recipe, key) ? HIDDEN : value,
  ]);
  return Object.fromEntries(shown);
}

/** Whether a variable's value is one that is not to be shown. */
export const isSecret = ({ secrets }: Pick<Recipe, "secrets">, variable: string): boolean =>
  secrets.includes(variable) || SECRET_NAME.test(variable);

/**
 * Changes settings by making the container anew; the old one is put back when the new one does not start.
 * @throws NOT_FOUND, CONFLICT (a port is taken), BACKEND when the new one does not come up.
 */
export async function changeSettings(
  shop: Workshop,
  { name, change, dryRun }: { name: string; change: SettingsChange; dryRun: boolean },
  progress: ProgressListener,
): Promise<{ name: string; changed: boolean; state: string; plan: string[] }> {
  refuseClusterSettings(shop, change);
  const container = await pluginContainer(shop, name);
  const { recipe, settings: before } = blueprintOf(name, container);
  const settings = mergeSettings(before, change);
  const state = toPluginState(toEngineState(container.State.Status), container.State.ExitCode);
  const plan = [...describeChange(recipe, before, settings), ...describeSecrets(change)];
  if (plan.length === 0) return { name, changed: false, state, plan };
  const running = ["running", "paused", "restarting"].includes(container.State.Status);
  const inPlace = Object.keys(change).every((key) => IN_PLACE.includes(key));
  const anew = running
    ? "make the container anew, start it and wait until it is healthy"
    : "make the container anew";
  if (dryRun) return { name, changed: false, state, plan: [...plan, inPlace ? "all of it in place" : anew] };
  if (inPlace && (await updateInPlace(shop, container, { recipe, settings })))
    return { name, changed: true, state, plan };
  plan.push(anew);
  const { container: made } = await replaceContainer(shop, {
    design: designOf(shop, recipe, {
      provenance: readProvenance(container),
      settings,
      pinned: await pinnedOf(shop, container),
    }),
    secrets: newSecrets(change),
    start: running,
    progress,
  });
  return {
    name,
    changed: true,
    state: toPluginState(toEngineState(made.State.Status), made.State.ExitCode),
    plan,
  };
}

/** The very image that it has now, wherever its tag leads meanwhile. */
async function pinnedOf({ client }: Workshop, container: Container) {
  const image = await findImage(client, container.Image);
  if (image === undefined) throw conflictError(`the image of ${container.Name} is gone from the engine`);
  const digest = container.Config.Labels[LABEL.imageDigest] ?? image.Id;
  return { reference: container.Config.Image, digest, image };
}

function blueprintOf(name: string, container: Container) {
  const blueprint = readContainer(container);
  if (blueprint !== undefined) return blueprint;
  throw conflictError(`the labels of plugin "${name}" do not say how it was made`, {
    hint: "remove it and install it again; its volumes are kept",
  });
}

/** What differs, a sentence each; values of variables are not repeated. */
export function describeChange(recipe: Recipe, before: UserSettings, after: UserSettings): string[] {
  const plan: string[] = [];
  const [was, is] = [containerEnv(recipe, before), containerEnv(recipe, after)];
  for (const name of Object.keys(after.env ?? {})) {
    if (after.env?.[name] === null && before.env?.[name] !== null) plan.push(`take ${name} away`);
    else if (is[name] !== was[name]) plan.push(`${name in was ? "change" : "set"} ${name}`);
  }
  const [listed, wanted] = [JSON.stringify(before.volumes ?? []), JSON.stringify(after.volumes ?? [])];
  if (listed !== wanted) plan.push(`mount ${after.volumes?.join(", ")}`);
  if (JSON.stringify(before.ports ?? []) !== JSON.stringify(after.ports ?? []))
    plan.push(`publish ${after.ports?.join(", ")}`);
  const [had, has] = [limits(recipe, before), limits(recipe, after)];
  if (had.Memory !== has.Memory) plan.push(`limit memory to ${has.Memory} bytes`);
  if (had.NanoCpus !== has.NanoCpus) plan.push(`limit processors to ${after.cpus}`);
  if (had.PidsLimit !== has.PidsLimit) plan.push(`limit processes to ${after.pids}`);
  const [nodes, wantedNodes] = [before.placement ?? [], after.placement ?? []].map((list) => list.join(", "));
  if (nodes !== wantedNodes) plan.push(`run on nodes with ${wantedNodes || "no constraint"}`);
  if ((before.restart ?? "unless-stopped") !== (after.restart ?? "unless-stopped"))
    plan.push(`restart ${after.restart}`);
  return plan;
}
