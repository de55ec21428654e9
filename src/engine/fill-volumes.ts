import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path/posix";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, type Header, pack } from "tar-stream";
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

/** Readable by whoever the program runs as, as in a swarm; nobody else can look into the container. */
export async function putSecrets(
  scope: EngineScope,
  id: string,
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  if (Object.keys(files).length === 0) return;
  await put(scope, id, "/", (archive) => {
    archive.entry({ name: `${folder.slice(1)}/`, type: "directory", mode: 0o755 });
    for (const [name, content] of Object.entries(files))
      archive.entry({ name: `${folder.slice(1)}/${name}`, mode: 0o444 }, Buffer.from(content));
  });
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

/**
 * Unpacks an archive of this machine, made of a folder with that folder's name, into a folder of a container. It goes by the
 * folder's own path, for Podman's sake (`putCopies`); the folder itself goes by its parent, since Docker leaves what an
 * archive is unpacked into as it is.
 */
export async function putFolder(
  scope: EngineScope,
  id: string,
  { file, target }: { file: string; target: string },
): Promise<void> {
  const root = await firstMember(file);
  if (root === undefined) return;
  await put(scope, id, dirname(target), (archive) => {
    archive.entry({ ...memberHeader(root), name: `${basename(target)}/` });
  });
  const archive = pack();
  const rewriting = rewrite(file, archive).catch((error) => archive.destroy(error));
  await scope.client.done(
    (docker, abortSignal) =>
      docker.getContainer(id).putArchive(Readable.from(archive), { path: target, ...{ abortSignal } }),
    { subject: `container ${id.slice(0, 12)}`, extraMs: Number.POSITIVE_INFINITY },
  );
  await rewriting;
}

async function firstMember(file: string): Promise<Header | undefined> {
  const reader = createReadStream(file);
  try {
    for await (const { header } of reader.pipe(extract())) return header;
    return undefined;
  } finally {
    reader.destroy();
  }
}

/** The members of a file's archive, without the folder that they all are in. */
async function rewrite(file: string, archive: ReturnType<typeof pack>): Promise<void> {
  const reader = extract();
  const reading = pipeline(createReadStream(file), reader);
  for await (const entry of reader) {
    const { header } = entry;
    const { linkname } = header;
    const isHardLink = header.type === "link" && linkname != null;
    const moved = {
      ...memberHeader(header),
      name: inside(header.name),
      ...(isHardLink ? { linkname: inside(linkname) } : {}),
    };
    if (header.type === "file" || header.type === "contiguous-file") {
      await pipeline(entry, archive.entry(moved));
    } else {
      archive.entry(moved);
      entry.resume();
    }
  }
  await reading;
  archive.finalize();
}

/** Without the extended names, which would count more than those that are given. */
function memberHeader({ pax, ...header }: Header): Header {
  const kept = Object.entries(pax ?? {}).filter(([name]) => name !== "path" && name !== "linkpath");
  return { ...header, ...(kept.length > 0 ? { pax: Object.fromEntries(kept) } : {}) };
}

const inside = (name: string) => `./${name.split("/").slice(1).join("/")}`;
