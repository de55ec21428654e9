import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { PlannedCopy } from "../core/marketplace/plan.ts";
import type { ContainerDesign } from "./body.ts";
import { folderFiles } from "./catalogue/folder-files.ts";
import type { EngineScope } from "./containers.ts";
import type { RecipeMount } from "./recipe.ts";

/** A folder of this machine whose files go into a volume. */
export interface PreparedCopy {
  copy: PlannedCopy;
  /** Absolute. */
  folder: string;
}

/**
 * Gives new volumes to those who shall own them and copies an entry's files into them, through the container that was
 * created and does not run: that works on every engine, however far away.
 * @returns what could not be copied, one sentence each.
 */
export async function fillVolumes(
  scope: EngineScope,
  fill: {
    id: string;
    design: ContainerDesign;
    newVolumes: readonly string[];
    copies: readonly PreparedCopy[];
  },
): Promise<string[]> {
  const { recipe, placement, provenance } = fill.design;
  for (const mount of recipe.mounts) {
    const place = placement(mount.source, provenance.plugin);
    if (place?.type !== "volume" || !fill.newVolumes.includes(place.name) || mount.readOnly) continue;
    await put(scope, fill.id, "/", (archive) => {
      const { uid, gid } = mount.owner;
      archive.entry({ name: `${mount.target.slice(1)}/`, type: "directory", mode: 0o755, uid, gid });
    });
  }
  const warnings: string[] = [];
  for (const { copy, folder } of fill.copies) {
    const path = pathInContainer(recipe.mounts, copy);
    if (path === undefined) warnings.push(`"${copy.from}" is not copied: its destination is not mounted`);
    else await putFolder(scope, fill.id, { folder, path, copy });
  }
  return warnings;
}

/** Where the destination of a copy is inside the container: below the mount that reaches it. */
function pathInContainer(mounts: readonly RecipeMount[], { to }: PlannedCopy): string | undefined {
  for (const { source, target, readOnly } of mounts) {
    if (source.root !== to.root || readOnly) continue;
    if (to.path === source.path) return target;
    const prefix = source.path === "" ? "" : `${source.path}/`;
    if (to.path.startsWith(prefix)) return `${target}/${to.path.slice(prefix.length)}`;
  }
  return undefined;
}

async function putFolder(
  scope: EngineScope,
  id: string,
  { folder, path, copy }: { folder: string; path: string; copy: PlannedCopy },
): Promise<void> {
  const files = await folderFiles(folder);
  const { uid, gid } = copy.owner;
  await put(scope, id, "/", async (archive) => {
    const below = path.slice(1);
    const folders = new Set<string>([below]);
    for (const file of files) {
      const parts = file.path.split("/").slice(0, -1);
      for (const depth of parts.keys()) folders.add([below, ...parts.slice(0, depth + 1)].join("/"));
    }
    for (const name of [...folders].sort())
      archive.entry({ name: `${name}/`, type: "directory", mode: 0o755, uid, gid });
    for (const file of files)
      archive.entry({ name: `${below}/${file.path}`, mode: file.mode, uid, gid }, await readFile(file.file));
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
