import { conflictError, toPlugctlError } from "../../core/errors.ts";
import type { Installation, InstallSource, OutdatedPlugin } from "../../core/installation.ts";
import { parseImageReference } from "../../core/marketplace/image-reference.ts";
import { parseSource } from "../../core/source.ts";
import { readBlueprint } from "../../engine/blueprint.ts";
import { listContainers, pluginContainer, roleOfContainer } from "../../engine/containers.ts";
import { installPlugin, updatePlugin, type Workshop } from "../../engine/install.ts";
import { LABEL } from "../../engine/labels.ts";
import { findImage, registryDigest } from "../../engine/pull.ts";
import { rollbackPlugin } from "../../engine/rollback.ts";
import type { ContainerSummary } from "../../engine/schema.ts";
import type { Connection } from "../adapter.ts";
import { findEntry } from "./catalogues.ts";
import { gatherIngredients } from "./ingredients.ts";

export function createInstallation(connection: Connection, shop: Workshop): Installation {
  return {
    async install({ source, name, settings, build, start, dryRun }, progress) {
      const ingredients = await gatherIngredients(connection, shop.client, { source, name, build });
      return installPlugin(shop, { ingredients, settings, start, dryRun }, progress);
    },
    async update({ name, version, dryRun }, progress) {
      const { Config } = await pluginContainer(shop, name);
      const source = withVersion(readOrigin(name, Config.Labels[LABEL.origin]), version);
      // What was built is built again from its source.
      const build = readBlueprint(Config.Labels, [])?.recipe.built === true;
      const ingredients = await gatherIngredients(connection, shop.client, { source, name, build });
      return updatePlugin(shop, { ingredients, dryRun }, progress);
    },
    rollback: (request, progress) => rollbackPlugin(shop, request, progress),
    async outdated() {
      const containers = (await listContainers(shop)).filter(
        (container) => roleOfContainer(container) === "current",
      );
      return Promise.all(containers.map((container) => compare(connection, shop, container)));
    },
  };
}

async function compare(
  connection: Connection,
  shop: Workshop,
  container: ContainerSummary,
): Promise<OutdatedPlugin> {
  const { Labels } = container;
  const name = Labels[LABEL.plugin] ?? "";
  const version = Labels[LABEL.version] ?? null;
  try {
    const source = readOrigin(name, Labels[LABEL.origin]);
    const [latest, digest] = await Promise.all([
      source.type === "market" ? newestVersion(connection, source.name) : version,
      digestOffered(shop, container),
    ]);
    const digestChanged = digest !== null && digest !== Labels[LABEL.imageDigest];
    return { name, version, latest, digestChanged, problem: null };
  } catch (thrown) {
    // One registry that does not answer hides nothing of the others.
    const error = toPlugctlError(thrown);
    if (error.code === "CANCELLED" || connection.signal.aborted) throw error;
    return { name, version, latest: null, digestChanged: false, problem: error.message };
  }
}

/** Null for an image that was built or imported on the engine, and for one whose registry does not tell. */
async function digestOffered(shop: Workshop, { Labels, ImageID }: ContainerSummary): Promise<string | null> {
  const reference = readBlueprint(Labels, [])?.recipe.image;
  if (reference === undefined) return null;
  const image = await findImage(shop.client, ImageID);
  if (image !== undefined && image.RepoDigests.length === 0) return null;
  return registryDigest(shop.client, reference, shop.login);
}

async function newestVersion(connection: Connection, name: string): Promise<string> {
  return (await findEntry(connection, name)).entry.version;
}

function readOrigin(name: string, origin: string | undefined): InstallSource {
  if (origin === undefined || origin === "") {
    throw conflictError(`the labels of plugin "${name}" do not say where it came from`);
  }
  return parseSource(origin, { targets: [], cwd: "/", isPluginFolder: () => false }).source;
}

/** @throws CONFLICT where the source has no versions to choose from. */
function withVersion(source: InstallSource, version: string | undefined): InstallSource {
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
