import { conflictError } from "../core/errors.ts";
import type { InstallationChange } from "../core/installation.ts";
import type { ProgressListener } from "../core/progress.ts";
import type { SettingsChange } from "../core/settings.ts";
import { readBlueprint, readProvenance } from "./blueprint.ts";
import { type ContainerDesign, designMounts } from "./body.ts";
import { buildImage } from "./build.ts";
import { type EngineScope, findContainer, pluginContainer } from "./containers.ts";
import { isCopied, listCopies } from "./copied-files.ts";
import { readContainer, refuseClusterSettings } from "./in-place.ts";
import { LABEL } from "./labels.ts";
import { misplaced } from "./misplaced.ts";
import { checkPluginName, containerNames } from "./names.ts";
import { networkName } from "./networks.ts";
import { findImage, type PinnedImage, pinImage, pullImage } from "./pull.ts";
import type { Ingredients, Recipe } from "./recipe.ts";
import type { RegistryLogin } from "./registry-auth.ts";
import { replaceContainer } from "./replace.ts";
import type { Container, Image } from "./schema.ts";
import { newSecrets, type SecretFiles } from "./secrets.ts";
import { toEngineState, toPluginState } from "./states.ts";
import { mergeSettings, type UserSettings } from "./user-settings.ts";
import type { Placement } from "./volumes.ts";

/** What it takes to make containers for one user on one engine. */
export interface Workshop extends EngineScope {
  placement: Placement;
  login: RegistryLogin;
}

export interface InstallOrder {
  ingredients: Ingredients;
  settings: SettingsChange;
  start: boolean;
  dryRun: boolean;
}

/** @throws CONFLICT when it is installed, or a name or port is taken. Nothing is left of what failed. */
export async function installPlugin(
  shop: Workshop,
  order: InstallOrder,
  progress: ProgressListener,
): Promise<InstallationChange> {
  const { ingredients } = order;
  const settings = mergeSettings({}, order.settings);
  const plugin = checkPluginName(ingredients.provenance.plugin);
  refuseClusterSettings(shop, order.settings);
  if ((await findContainer(shop, containerNames(shop.user, plugin).current)) !== undefined) {
    throw conflictError(`plugin "${plugin}" is installed already on target "${shop.client.target}"`, {
      hint: `"plugctl update ${plugin}" changes its version, "plugctl set ${plugin}" its settings`,
    });
  }
  if (order.dryRun) return announced(shop, { ingredients, settings, start: order.start }, null);
  const secrets = newSecrets(order.settings);
  return change(
    shop,
    { ingredients, settings, secrets, start: order.start, previous: null, pull: false },
    progress,
  );
}

export interface UpdateOrder {
  ingredients: Ingredients;
  dryRun: boolean;
}

/** Another version, or what the tag leads to now, with the same settings. @throws NOT_FOUND. */
export async function updatePlugin(
  shop: Workshop,
  order: UpdateOrder,
  progress: ProgressListener,
): Promise<InstallationChange> {
  const { ingredients } = order;
  const { plugin } = ingredients.provenance;
  const container = await pluginContainer(shop, plugin);
  const settings = readContainer(container)?.settings ?? {};
  const start = ["running", "paused", "restarting"].includes(container.State.Status);
  if (order.dryRun) return announced(shop, { ingredients, settings, start }, container);
  return change(
    shop,
    { ingredients, settings, secrets: {}, start, previous: container, pull: true },
    progress,
  );
}

interface Change {
  ingredients: Ingredients;
  settings: UserSettings;
  /** Content of the new ones. */
  secrets: SecretFiles;
  start: boolean;
  previous: Container | null;
  pull: boolean;
}

async function change(
  shop: Workshop,
  order: Change,
  progress: ProgressListener,
): Promise<InstallationChange> {
  const { ingredients, settings, previous } = order;
  const pinned = await obtainImage(shop, ingredients, { always: order.pull, progress });
  const design = designOf(shop, ingredients.recipe, { ...ingredients, settings, pinned });
  if (previous !== null && (await isSame(design, ingredients, previous)))
    return described(design, previous, previous, []);
  const { container, warnings } = await replaceContainer(shop, {
    design,
    copies: ingredients.copies,
    secrets: order.secrets,
    start: order.start,
    progress,
  });
  return described(design, container, previous, [...ingredients.warnings, ...misplaced(design), ...warnings]);
}

export async function obtainImage(
  shop: Workshop,
  { recipe, buildFolder }: Pick<Ingredients, "recipe" | "buildFolder">,
  { always, progress }: { always: boolean; progress: ProgressListener },
): Promise<PinnedImage> {
  const { client, login } = shop;
  const { image: reference } = recipe;
  if (buildFolder !== null) await buildImage(client, { folder: buildFolder, reference }, progress);
  else if (always || recipe.alwaysPull || (await findImage(client, reference)) === undefined)
    await pullUnlessLocal(shop, reference, progress);
  return pinImage(client, reference);

  async function pullUnlessLocal(
    { client }: Workshop,
    name: string,
    listener: ProgressListener,
  ): Promise<void> {
    const local = await findImage(client, name);
    // Built or imported here, and pushed nowhere: there is nothing newer to be had. Podman gives such an image a digest
    // too, and tells it by its name.
    if (local !== undefined && (local.RepoDigests.length === 0 || name.startsWith("localhost/"))) return;
    await pullImage(client, name, { login, progress: listener });
  }
}

export function designOf(
  shop: Workshop,
  recipe: Recipe,
  {
    provenance,
    settings,
    pinned,
  }: Pick<Ingredients, "provenance"> & { settings: UserSettings; pinned: PinnedImage },
): ContainerDesign {
  return {
    ...{ user: shop.user, placement: shop.placement, network: networkName(shop.user) },
    ...{ provenance, recipe, settings },
    image: pinned.reference,
    imageDigest: pinned.digest,
    imageVolumes: Object.keys(pinned.image.Config?.Volumes ?? {}).sort(),
  };
}

/** Made from the same image, description and files. */
async function isSame(
  design: ContainerDesign,
  { copies }: Ingredients,
  { Config }: Container,
): Promise<boolean> {
  const { imageDigest, provenance, recipe } = design;
  const blueprint = readBlueprint(Config.Labels, Config.Env);
  const before = readProvenance({ Config });
  return (
    Config.Labels[LABEL.imageDigest] === imageDigest &&
    before.version === provenance.version &&
    before.manifestDigest === provenance.manifestDigest &&
    blueprint?.recipe.image === recipe.image &&
    isCopied(await listCopies(design, copies, []), Config.Labels)
  );
}

function described(
  design: ContainerDesign,
  container: Container,
  previous: Container | null,
  warnings: string[],
): InstallationChange {
  const { provenance } = design;
  return {
    name: provenance.plugin,
    version: provenance.version,
    previousVersion: previous === null ? null : readProvenance(previous).version,
    state: toPluginState(toEngineState(container.State.Status), container.State.ExitCode),
    changed: container !== previous,
    warnings,
    plan: [],
    image: design.recipe.image,
    imageDigest: design.imageDigest,
  };
}

const NOT_PULLED: Image = { Id: "", RepoTags: [], RepoDigests: [], Created: "", Size: 0, Config: null };

function announced(
  shop: Workshop,
  { ingredients, settings, start }: Pick<Change, "ingredients" | "settings" | "start">,
  previous: Container | null,
): InstallationChange {
  const { recipe, provenance, buildFolder, copies } = ingredients;
  const { plugin, version } = provenance;
  const design = designOf(shop, recipe, {
    provenance,
    settings,
    pinned: { reference: recipe.image, digest: "", image: NOT_PULLED },
  });
  const plan = [
    buildFolder === null ? `pull ${recipe.image}` : `build ${recipe.image} from ${buildFolder}`,
    `create the container ${containerNames(shop.user, plugin).current} in the network ${design.network}`,
    ...designMounts(design).map(
      ({ Type, Source, Target, ReadOnly }) =>
        `mount ${Type} ${Source} at ${Target}${ReadOnly ? " (read-only)" : ""}`,
    ),
    ...copies.map(({ copy }) => `copy ${copy.from} into it`),
    ...(settings.ports ?? []).map((port) => `publish ${port}`),
    ...(settings.secrets ?? []).map((name) => `put the secret ${name} into it`),
    ...(start ? ["start it and wait until it is healthy"] : []),
    ...(previous === null ? [] : ["keep the present container, stopped, for a rollback"]),
  ];
  return {
    name: plugin,
    version,
    previousVersion: previous === null ? null : readProvenance(previous).version,
    state:
      previous === null
        ? "available"
        : toPluginState(toEngineState(previous.State.Status), previous.State.ExitCode),
    changed: false,
    warnings: [...ingredients.warnings, ...misplaced(design)],
    plan,
  };
}
