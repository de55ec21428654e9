import type { EngineMount } from "./body.ts";
import type { EngineClient } from "./client.ts";
import { isPodman } from "./podman.ts";
import { createdSchema, volumeListSchema } from "./schema.ts";

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

/** Names of volumes among the mounts that the engine does not have yet. */
export async function missingVolumes(
  client: EngineClient,
  mounts: readonly EngineMount[],
): Promise<string[]> {
  const names = mounts.filter(({ Type }) => Type === "volume").map(({ Source }) => Source);
  if (names.length === 0) return [];
  const { Volumes } = await client.json(volumeListSchema, (docker, abortSignal) =>
    docker.listVolumes({ abortSignal }),
  );
  const present = new Set(Volumes.map(({ Name }) => Name));
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
