import { isPlugctlError } from "../core/errors.ts";
import type { Images, StoredImage } from "../core/safekeeping.ts";
import { readBlueprint } from "./blueprint.ts";
import { type EngineScope, listContainers, roleOfContainer } from "./containers.ts";
import { LABEL } from "./labels.ts";
import { containerListSchema, imageListSchema, removedImagesSchema } from "./schema.ts";

/**
 * The images that this user's plugins use or have used. An engine does not tell who pulled an image: those that count
 * have the repository of a plugin's image, or were built by plugctl.
 */
export function createImages(scope: EngineScope): Images {
  return {
    images: () => pluginImages(scope),
    async prune({ dryRun }) {
      const [stored, all] = await Promise.all([pluginImages(scope), usedImageIds(scope)]);
      const unused = stored.filter(({ id }) => !all.has(id));
      const removed: string[] = [];
      let freedBytes = 0;
      for (const { id, reference, sizeBytes } of unused) {
        if (!dryRun && !(await removeImage(scope, id))) continue;
        removed.push(reference);
        freedBytes += sizeBytes;
      }
      return { removed, freedBytes };
    },
  };
}

async function pluginImages(scope: EngineScope): Promise<(StoredImage & { id: string })[]> {
  const [containers, images] = await Promise.all([
    listContainers(scope),
    scope.client.json(imageListSchema, (docker, abortSignal) => docker.listImages({ abortSignal })),
  ]);
  const repositories = new Set(
    containers.map(({ Labels, Image }) => repositoryOf(readBlueprint(Labels, [])?.recipe.image ?? Image)),
  );
  const users = new Map<string, string[]>();
  for (const container of containers) {
    const suffix = roleOfContainer(container) === "previous" ? " (for a rollback)" : "";
    const name = `${container.Labels[LABEL.plugin]}${suffix}`;
    users.set(container.ImageID, [...(users.get(container.ImageID) ?? []), name]);
  }
  return images
    .filter(
      ({ Id, RepoTags, RepoDigests, Labels }) =>
        users.has(Id) ||
        Labels[LABEL.origin] === "build" ||
        [...RepoTags, ...RepoDigests].some((name) => repositories.has(repositoryOf(name))),
    )
    .map(({ Id, RepoTags, RepoDigests, Created, Size }) => ({
      id: Id,
      reference: RepoTags.find((tag) => !tag.startsWith("<none>")) ?? RepoDigests[0] ?? Id,
      digest: RepoDigests[0]?.split("@")[1] ?? Id,
      sizeBytes: Size,
      createdAt: new Date(Created * 1000).toISOString(),
      usedBy: (users.get(Id) ?? []).sort(),
    }));
}

/** Of all containers on the engine, whosesoever. */
async function usedImageIds({ client }: EngineScope): Promise<Set<string>> {
  const containers = await client.json(containerListSchema, (docker, abortSignal) =>
    docker.listContainers({ all: true, abortSignal }),
  );
  return new Set(containers.map(({ ImageID }) => ImageID));
}

/** @returns false when somebody has come to use it. */
async function removeImage({ client }: EngineScope, id: string): Promise<boolean> {
  try {
    await client.json(
      removedImagesSchema,
      // One image may have several names; they all go.
      (docker, abortSignal) => docker.getImage(id).remove({ force: true, ...{ abortSignal } }),
      { subject: `image ${id.slice(7, 19)}`, extraMs: 60_000 },
    );
    return true;
  } catch (error) {
    if (isPlugctlError(error) && ["CONFLICT", "NOT_FOUND"].includes(error.code)) return false;
    throw error;
  }
}

const repositoryOf = (reference: string) =>
  reference
    .replace(/@.*$/, "")
    .replace(/:[^:/]*$/, "")
    .replace(/^docker\.io\//, "")
    .replace(/^library\//, "");
