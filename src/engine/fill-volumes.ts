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

/** Copies an entry's files into the volumes of a container. */
export async function putCopies(
  scope: EngineScope,
  id: string,
  { folders, write }: Pick<CopyList, "folders"> & Pick<CopyDecision, "write">,
): Promise<void> {
  if (write.length === 0) return;
  await put(scope, id, "/", async (archive) => {
    for (const { path, owner } of folders)
      archive.entry({ name: `${path.slice(1)}/`, type: "directory", mode: 0o755, ...owner });
    for (const { path, source, mode, owner } of write)
      archive.entry({ name: path.slice(1), mode, ...owner }, await readFile(source));
  });
}

/** Puts back what copies took the place of. */
export async function putBack(
  scope: EngineScope,
  id: string,
  replaced: CopyDecision["replaced"],
): Promise<void> {
  if (replaced.length === 0) return;
  await put(scope, id, "/", (archive) => {
    for (const { file, content } of replaced)
      archive.entry({ name: file.path.slice(1), mode: file.mode, ...file.owner }, content);
  });
}

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
