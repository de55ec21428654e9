import { conflictError } from "../core/errors.ts";
import { type ContainerDesign, designMounts, type EngineMount } from "./body.ts";
import type { EngineClient } from "./client.ts";
import { LABEL } from "./labels.ts";
import { isPodman } from "./podman.ts";
import { createdSchema, volumeListSchema } from "./schema.ts";
import { parseVolume } from "./user-settings.ts";

/**
 * Creates a container. The body goes into the body alone: dockerode would repeat it in the URL, secrets included.
 * @returns its id. @throws CONFLICT when the name is taken, NOT_FOUND for an image that is gone.
 */
export async function createContainer(
  client: EngineClient,
  name: string,
  body: Record<string, unknown>,
  subject: string,
): Promise<string> {
  const { Id } = await client.json(
    createdSchema,
    async (docker, abortSignal) => {
      const options = { _query: { name }, _body: body, abortSignal };
      return { Id: (await docker.createContainer(options)).id };
    },
    // The engine may have to copy an image's content into a volume.
    { subject, extraMs: 120_000 },
  );
  return Id;
}

/**
 * Names of the design's volumes that the engine does not have yet.
 * @throws CONFLICT when one that it has belongs to another user, unless the settings name that very volume.
 */
export async function missingVolumes(client: EngineClient, design: ContainerDesign): Promise<string[]> {
  const { user, settings } = design;
  const names = designMounts(design)
    .filter(({ Type }) => Type === "volume")
    .map(({ Source }) => Source);
  if (names.length === 0) return [];
  const { Volumes } = await client.json(volumeListSchema, (docker, abortSignal) =>
    docker.listVolumes({ abortSignal }),
  );
  const present = new Map(Volumes.map(({ Name, Labels }) => [Name, Labels[LABEL.user] ?? user]));
  const chosen = new Set((settings.volumes ?? []).map((text) => parseVolume(text).source));
  const foreign = names.find((name) => present.has(name) && present.get(name) !== user && !chosen.has(name));
  if (foreign !== undefined) {
    throw conflictError(`the volume ${foreign} on the engine belongs to another user's plugin`, {
      hint: "--name installs the plugin under another name",
    });
  }
  return [...new Set(names)].filter((name) => !present.has(name));
}

/** Podman, which makes volumes with a container as well, gives them no labels: nobody would know whose they are. */
export async function labelVolumes(
  client: EngineClient,
  mounts: readonly EngineMount[],
  newVolumes: readonly string[],
): Promise<void> {
  if (newVolumes.length === 0 || !(await isPodman(client))) return;
  for (const { Source, VolumeOptions } of mounts) {
    if (!newVolumes.includes(Source)) continue;
    await client.done(
      (docker, abortSignal) =>
        docker.createVolume({ Name: Source, Labels: VolumeOptions?.Labels ?? {}, ...{ abortSignal } }),
      { subject: `volume ${Source}` },
    );
  }
}
