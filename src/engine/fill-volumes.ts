import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { ContainerDesign } from "./body.ts";
import type { EngineScope } from "./containers.ts";
import type { CopyDecision, CopyList } from "./copied-files.ts";

/**
 * Gives new volumes to those who shall own them, through the container that was created and does not run: that works
 * on every engine, however far away.
 */
export async function ownVolumes(
  scope: EngineScope,
  { id, design, newVolumes }: { id: string; design: ContainerDesign; newVolumes: readonly string[] },
): Promise<void> {
  const { recipe, placement, provenance } = design;
  for (const mount of recipe.mounts) {
    const place = placement(mount.source, provenance.plugin);
    if (place?.type !== "volume" || !newVolumes.includes(place.name) || mount.readOnly) continue;
    await put(scope, id, "/", (archive) => {
      const { uid, gid } = mount.owner;
      archive.entry({ name: `${mount.target.slice(1)}/`, type: "directory", mode: 0o755, uid, gid });
    });
  }
}

/**
 * Copies an entry's files into the volumes of a container, each by the path of its mount: Podman looks no further than
 * the container's own root for what is mounted below a path.
 */
export async function putCopies(
  scope: EngineScope,
  id: string,
  { folders, write }: Pick<CopyList, "folders"> & Pick<CopyDecision, "write">,
): Promise<void> {
  for (const [mount, files] of Map.groupBy(write, (file) => file.mount)) {
    await put(scope, id, mount, async (archive) => {
      for (const folder of folders.filter((other) => other.mount === mount))
        archive.entry({ name: `${below(folder)}/`, type: "directory", mode: 0o755, ...folder.owner });
      for (const file of files)
        archive.entry({ name: below(file), mode: file.mode, ...file.owner }, await readFile(file.source));
    });
  }
}

/** Puts back what copies took the place of. */
export async function putBack(
  scope: EngineScope,
  id: string,
  replaced: CopyDecision["replaced"],
): Promise<void> {
  for (const [mount, files] of Map.groupBy(replaced, ({ file }) => file.mount)) {
    await put(scope, id, mount, (archive) => {
      for (const { file, content } of files)
        archive.entry({ name: below(file), mode: file.mode, ...file.owner }, content);
    });
  }
}

/** Relative to the mount. */
const below = ({ mount, path }: { mount: string; path: string }) => `.${path.slice(mount.length)}`;

async function put(
  { client }: EngineScope,
  id: string,
  path: string,
  write: (archive: ReturnType<typeof pack>) => void | Promise<void>,
): Promise<void> {
  const archive = pack();
  const [content] = await Promise.all([
    buffer(archive),
    (async () => {
      await write(archive);
      archive.finalize();
    })(),
  ]);
  await client.done(
    (docker, abortSignal) => docker.getContainer(id).putArchive(content, { path, ...{ abortSignal } }),
    { subject: `container ${id.slice(0, 12)}`, extraMs: 300_000 },
  );
}

/** Unpacks an archive of this machine at a path in a container. */
export async function putArchive(
  { client }: EngineScope,
  id: string,
  { file, path }: { file: string; path: string },
): Promise<void> {
  await client.done(
    (docker, abortSignal) =>
      docker.getContainer(id).putArchive(createReadStream(file), { path, ...{ abortSignal } }),
    { subject: `container ${id.slice(0, 12)}`, extraMs: Number.POSITIVE_INFINITY },
  );
}
