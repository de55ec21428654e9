import { conflictError, toPlugctlError, usageError } from "../../core/errors.ts";
import type {
  Installation,
  InstallationChange,
  InstallSource,
  OutdatedPlugin,
} from "../../core/installation.ts";
import { parseImageReference } from "../../core/marketplace/image-reference.ts";
import type { ProgressListener } from "../../core/progress.ts";
import { parseSource } from "../../core/source.ts";
import { readBlueprint } from "../../engine/blueprint.ts";
import { listContainers, pluginContainer, roleOfContainer } from "../../engine/containers.ts";
import {
  type InstallOrder,
  installPlugin,
  type UpdateOrder,
  updatePlugin,
  type Workshop,
} from "../../engine/install.ts";
import { LABEL } from "../../engine/labels.ts";
import { registryDigest } from "../../engine/pull.ts";
import { rollbackPlugin } from "../../engine/rollback.ts";
import type { Connection } from "../adapter.ts";
import { findEntry } from "./catalogues.ts";
import { gatherIngredients } from "./ingredients.ts";

/** Who makes containers, or services, of what the sources give. */
export interface Installer {
  install(order: InstallOrder, progress: ProgressListener): Promise<InstallationChange>;
  update(order: UpdateOrder, progress: ProgressListener): Promise<InstallationChange>;
  rollback: Installation["rollback"];
  /** @throws NOT_FOUND. */
  find(name: string): Promise<InstalledDetail>;
  list(): Promise<Installed[]>;
}

export interface Installed {
  labels: Readonly<Record<string, string>>;
  /** Id of the image on the engine, where there is one engine. */
  imageId: string | null;
}

export interface InstalledDetail extends Installed {
  /** `NAME=value`, as the engine has them. */
  environment: readonly string[];
}

/** Containers of one engine. */
export function containerInstaller(shop: Workshop): Installer {
  return {
    install: (order, progress) => installPlugin(shop, order, progress),
    update: (order, progress) => updatePlugin(shop, order, progress),
    rollback: (request, progress) => rollbackPlugin(shop, request, progress),
    async find(name) {
      const { Config, Image } = await pluginContainer(shop, name);
      return { labels: Config.Labels, imageId: Image, environment: Config.Env };
    },
    async list() {
      return (await listContainers(shop))
        .filter((container) => roleOfContainer(container) === "current")
        .map(({ Labels, ImageID }) => ({ labels: Labels, imageId: ImageID }));
    },
  };
}

export function createInstallation(
  connection: Connection,
  shop: Workshop,
  installer: Installer,
): Installation {
  return {
    async install({ source, name, settings, build, start, replace, dryRun }, progress) {
      const ingredients = await gatherIngredients(connection, shop.client, { source, name, build });
      if (replace && (await isInstalled(installer, ingredients.provenance.plugin))) {
        if (Object.keys(settings).length > 0) throw keepsSettings(ingredients.provenance.plugin);
        return installer.update({ ingredients, dryRun }, progress);
      }
      return installer.install({ ingredients, settings, start, dryRun }, progress);
    },
    async update({ name, version, dryRun }, progress) {
      const { labels } = await installer.find(name);
      const source = withVersion(readOrigin(name, labels[LABEL.origin]), version);
      // What was built is built again from its source.
      const build = readBlueprint(labels, [])?.recipe.built === true;
      const ingredients = await gatherIngredients(connection, shop.client, { source, name, build });
      return installer.update({ ingredients, dryRun }, progress);
    },
    rollback: installer.rollback,
    async outdated() {
      const installed = await installer.list();
      return Promise.all(installed.map((plugin) => compare(connection, shop, plugin)));
    },
  };
}

async function isInstalled(installer: Installer, name: string): Promise<boolean> {
  return (await installer.list()).some(({ labels }) => labels[LABEL.plugin] === name);
}

const keepsSettings = (name: string) =>
  usageError(`--replace keeps the settings of ${name}, and others were given`, {
    hint: `plugctl set ${name} changes them`,
  });

async function compare(
  connection: Connection,
  shop: Workshop,
  installed: Installed,
): Promise<OutdatedPlugin> {
  const { labels } = installed;
  const name = labels[LABEL.plugin] ?? "";
  const version = labels[LABEL.version] ?? null;
  try {
    const source = readOrigin(name, labels[LABEL.origin]);
    const [latest, digest] = await Promise.all([
      source.type === "market" ? newestVersion(connection, source.name) : version,
      digestOffered(shop, installed),
    ]);
    const digestChanged = digest !== null && digest !== labels[LABEL.imageDigest];
    return { name, version, latest, digestChanged, problem: null };
  } catch (thrown) {
    // One registry that does not answer hides nothing of the others.
    const error = toPlugctlError(thrown);
    if (error.code === "CANCELLED" || connection.signal.aborted) throw error;
    return { name, version, latest: null, digestChanged: false, problem: error.message };
  }
}

/** Null for an image that was built or imported on the engine, and for one whose registry does not tell. */
async function digestOffered(shop: Workshop, { labels, imageId }: Installed): Promise<string | null> {
  const reference = readBlueprint(labels, [])?.recipe.image;
  const pinned = labels[LABEL.imageDigest];
  if (reference === undefined || !pinned || pinned === imageId) return null;
  return registryDigest(shop.client, reference, shop.login);
}

async function newestVersion(connection: Connection, name: string): Promise<string> {
  return (await findEntry(connection, name)).entry.version;
}

export function readOrigin(name: string, origin: string | undefined): InstallSource {
  if (origin === undefined || origin === "") {
    throw conflictError(`the labels of plugin "${name}" do not say where it came from`);
  }
  return parseSource(origin, { targets: [], cwd: "/", isPluginFolder: () => false }).source;
}

/** @throws CONFLICT where the source has no versions to choose from. */
export function withVersion(source: InstallSource, version: string | undefined): InstallSource {
  if (version === undefined) return source;
  switch (source.type) {
    case "market":
      return { ...source, version };
    case "image":
      return { ...source, reference: `${parseImageReference(source.reference).repository}:${version}` };
    case "git":
      return { ...source, ref: version };
    case "path":
      throw conflictError("a plugin from a folder has the version that the folder has");
  }
}
