import type { AuthConfig } from "dockerode";
import { conflictError, isPlugctlError } from "../../core/errors.ts";
import type { InstallationChange } from "../../core/installation.ts";
import { parseImageReference } from "../../core/marketplace/image-reference.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { SettingsChange } from "../../core/settings.ts";
import { readBlueprint, readProvenance } from "../blueprint.ts";
import type { ContainerDesign } from "../body.ts";
import { missingVolumes } from "../create.ts";
import { designOf, type InstallOrder, type UpdateOrder, type Workshop } from "../install.ts";
import { checkPluginName } from "../names.ts";
import { ensureNetwork } from "../networks.ts";
import { findImage, registryDigest } from "../pull.ts";
import type { Ingredients } from "../recipe.ts";
import { describeSecrets, newSecrets } from "../secrets.ts";
import { describeChange } from "../settings.ts";
import { mergeSettings, type UserSettings } from "../user-settings.ts";
import { dropServiceNetwork } from "./remove.ts";
import { type Service, type ServiceSpec, serviceCreatedSchema } from "./schema.ts";
import { dropSecrets, provideSecrets } from "./secrets.ts";
import { listServices, listTasks, pluginService, replicasOf, stateOf } from "./services.ts";
import { waitUntilSettled } from "./settle.ts";
import { serviceSpec, serviceWarnings } from "./spec.ts";

/** @throws CONFLICT when it is installed; BACKEND when its tasks do not come up, and nothing of it is left. */
export async function installService(
  shop: Workshop,
  { ingredients, settings: wanted, start, dryRun }: InstallOrder,
  progress: ProgressListener,
): Promise<InstallationChange> {
  const settings = mergeSettings({}, wanted);
  const plugin = checkPluginName(ingredients.provenance.plugin);
  if ((await listServices(shop, plugin)).length > 0) {
    throw conflictError(`plugin "${plugin}" is installed already on target "${shop.client.target}"`);
  }
  const replicas = start ? (settings.replicas ?? 1) : 0;
  const design = await designService(shop, ingredients, settings);
  const warnings = [...ingredients.warnings, ...copyWarnings(ingredients), ...serviceWarnings(design)];
  if (dryRun) {
    const plan = [`create a service of ${replicas} × ${design.image} in the network ${design.network}`];
    return { ...named(design), state: "available", changed: false, previousVersion: null, warnings, plan };
  }
  progress({ phase: "creating", message: `creating the service of ${plugin}` });
  const login = await shop.login(ingredients.recipe.image);
  await missingVolumes(shop.client, design);
  await ensureNetwork(shop, { driver: "overlay" });
  let made: string[] = [];
  try {
    const secrets = await provideSecrets(shop, plugin, {
      ...{ names: settings.secrets ?? [], files: newSecrets(wanted), present: undefined },
    });
    made = secrets.made;
    const spec = serviceSpec(design, { replicas, secrets: secrets.uses });
    const { ID } = await shop.client.json(
      serviceCreatedSchema,
      async (docker) => ({
        ID: (await docker.createService(login ?? NO_LOGIN, spec as never)).id,
      }),
      { subject: `plugin "${plugin}"` },
    );
    try {
      const service = await waitUntilSettled(shop, { plugin, since: "", progress });
      return {
        ...named(design),
        ...(await stateNow(shop, service)),
        changed: true,
        previousVersion: null,
        warnings,
        plan: [],
      };
    } catch (error) {
      const { client } = { ...shop, client: shop.client.afterwards() };
      await client.done((docker) => docker.getService(ID).remove(), { subject: `plugin "${plugin}"` });
      throw error;
    }
  } catch (error) {
    const after = { ...shop, client: shop.client.afterwards() };
    await dropSecrets(after, made).catch(() => undefined);
    await dropServiceNetwork(after).catch(() => undefined);
    throw error;
  }
}

/** Task by task; the swarm goes back by itself when new ones fail. */
export async function updateService(
  shop: Workshop,
  { ingredients, dryRun }: UpdateOrder,
  progress: ProgressListener,
): Promise<InstallationChange> {
  const { plugin } = ingredients.provenance;
  const service = await pluginService(shop, plugin);
  const design = await designService(shop, ingredients, settingsOf(service.Spec));
  const previousVersion = versionOf(service.Spec);
  const warnings = [...ingredients.warnings, ...copyWarnings(ingredients), ...serviceWarnings(design)];
  const before = service.Spec.TaskTemplate.ContainerSpec.Image.replace(/(?<=:[^/@]+)@.*/, "");
  if (dryRun) {
    const plan = [`replace the tasks of ${plugin} one after the other: ${before} by ${design.image}`];
    return {
      ...named(design),
      ...(await stateNow(shop, service)),
      changed: false,
      previousVersion,
      warnings,
      plan,
    };
  }
  const spec = serviceSpec(design, { replicas: replicasOf(service.Spec), secrets: secretsOf(service.Spec) });
  const settled = await applySpec(shop, service, spec, {
    progress,
    login: await shop.login(ingredients.recipe.image),
  });
  return {
    ...named(design),
    ...(await stateNow(shop, settled)),
    changed: true,
    previousVersion,
    warnings,
    plan: [],
  };
}

/** Image and settings of before the last change, task by task. @throws CONFLICT when there is none. */
export async function rollbackService(
  shop: Workshop,
  { name, dryRun }: { name: string; dryRun: boolean },
  progress: ProgressListener,
): Promise<InstallationChange> {
  const service = await pluginService(shop, name);
  const { PreviousSpec: previous } = service;
  if (previous == null) throw conflictError(`plugin "${name}" has nothing to go back to`);
  const version = readProvenance({ Config: { Labels: previous.Labels } }).version;
  const versions = { name, version, previousVersion: versionOf(service.Spec) };
  if (dryRun) {
    const plan = [`replace the tasks of ${name} by those from before`];
    return { ...versions, ...(await stateNow(shop, service)), changed: false, warnings: [], plan };
  }
  // The spec of before as a new one, so that a further rollback undoes this one.
  const spec = { ...previous, Mode: service.Spec.Mode };
  const settled = await applySpec(shop, service, spec, { progress, login: undefined });
  return { ...versions, ...(await stateNow(shop, settled)), changed: true, warnings: [], plan: [] };
}

export async function changeServiceSettings(
  shop: Workshop,
  { name, change, dryRun }: { name: string; change: SettingsChange; dryRun: boolean },
  progress: ProgressListener,
) {
  const service = await pluginService(shop, name);
  const { Spec } = service;
  const blueprint = readBlueprint(Spec.Labels, Spec.TaskTemplate.ContainerSpec.Env);
  if (blueprint === undefined)
    throw conflictError(`the labels of plugin "${name}" do not say how it was made`);
  const settings = mergeSettings(blueprint.settings, change);
  const replicas = change.replicas ?? replicasOf(Spec);
  const plan = [
    ...describeChange(blueprint.recipe, blueprint.settings, settings),
    ...describeSecrets(change),
  ];
  if (replicas !== replicasOf(Spec)) plan.push(`run ${replicas} of it`);
  if (plan.length === 0 || dryRun)
    return { name, changed: false, plan, state: (await stateNow(shop, service)).state };
  const ingredients = { recipe: blueprint.recipe, provenance: readProvenance({ Config: Spec }) };
  const design = {
    ...(await designService(shop, ingredients, settings)),
    image: Spec.TaskTemplate.ContainerSpec.Image,
  };
  const { uses, made } = await provideSecrets(shop, name, {
    ...{ names: settings.secrets ?? [], files: newSecrets(change), present: Spec },
  });
  try {
    const spec = serviceSpec(design, { replicas, secrets: uses });
    const settled = await applySpec(shop, service, spec, { progress, login: undefined });
    return { name, changed: true, plan, state: (await stateNow(shop, settled)).state };
  } catch (error) {
    await dropSecrets({ ...shop, client: shop.client.afterwards() }, made).catch(() => undefined);
    throw error;
  }
}

/** Gives a service another specification and waits until it is in force. */
export async function applySpec(
  shop: Workshop,
  { ID, Version, Spec }: Service,
  spec: Record<string, unknown>,
  { progress, login }: { progress: ProgressListener; login: AuthConfig | undefined },
): Promise<Service> {
  const plugin = readProvenance({ Config: Spec }).plugin;
  const subject = `plugin "${plugin}"`;
  const [latest] = await listTasks(shop, [ID]);
  await shop.client.done(
    (docker, abortSignal) =>
      docker.getService(ID).update({
        _query: { version: Version.Index },
        // Not in the URL, where dockerode would repeat it with its variables.
        _body: spec,
        ...(login === undefined ? {} : { authconfig: login }),
        abortSignal,
      }),
    { subject },
  );
  // The swarm takes note of an update a moment after its answer.
  await shop.client.sleep(500);
  return waitUntilSettled(shop, { plugin, since: latest?.CreatedAt ?? "", progress });
}

/** dockerode takes the first of two arguments for the login. */
const NO_LOGIN: AuthConfig = { username: "", password: "", serveraddress: "" };

export async function stateNow(shop: Workshop, service: Service) {
  return stateOf(service, await listTasks(shop, [service.ID]));
}

/** Each node pulls for itself: what it pulls is pinned by the digest that the registry has now. */
async function designService(
  shop: Workshop,
  { recipe, provenance }: Pick<Ingredients, "recipe" | "provenance">,
  settings: UserSettings,
): Promise<ContainerDesign> {
  const { image: reference } = recipe;
  const [digest, local] = await Promise.all([
    registryDigest(shop.client, reference, shop.login).catch((error: unknown) => {
      if (isPlugctlError(error) && ["UNAVAILABLE", "BACKEND"].includes(error.code)) return null;
      throw error;
    }),
    findImage(shop.client, reference),
  ]);
  const { repository } = parseImageReference(reference);
  const exact = digest === null ? reference : `${repository}@${digest}`;
  const image = local ?? { Id: "", RepoTags: [], RepoDigests: [], Created: "", Size: 0, Config: null };
  return designOf(shop, recipe, {
    provenance,
    settings,
    pinned: { reference: exact, digest: digest ?? local?.Id ?? "", image },
  });
}

function settingsOf({ Labels, TaskTemplate }: ServiceSpec): UserSettings {
  return readBlueprint(Labels, TaskTemplate.ContainerSpec.Env)?.settings ?? {};
}

const secretsOf = ({ TaskTemplate }: ServiceSpec) => TaskTemplate.ContainerSpec.Secrets ?? [];

const versionOf = (spec: ServiceSpec) => readProvenance({ Config: spec }).version;

const named = ({ provenance, imageDigest, image }: ContainerDesign) => ({
  name: provenance.plugin,
  version: provenance.version,
  ...{ image, imageDigest },
});

const copyWarnings = ({ copies }: Ingredients) =>
  copies.map(({ copy }) => `"${copy.from}" is not copied: the volumes of a service are on its nodes`);
