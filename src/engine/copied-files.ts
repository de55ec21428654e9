import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import * as z from "zod/mini";
import type { FileOwner, PlannedCopy } from "../core/marketplace/plan.ts";
import type { ContainerDesign } from "./body.ts";
import { folderFiles } from "./catalogue/folder-files.ts";
import type { EngineScope } from "./containers.ts";
import { LABEL } from "./labels.ts";
import { readFileIn } from "./read-file.ts";

/** A folder of this machine whose files go into a volume. */
export interface PreparedCopy {
  copy: PlannedCopy;
  /** Absolute. */
  folder: string;
}

/** A file of an entry with its place in the container. */
export interface CopiedFile {
  /** Place in the plan's layout, which stays when a mount moves: the name in the record. */
  key: string;
  /** Absolute, on this machine. */
  source: string;
  /** Path in the container of the mount that it is in. */
  mount: string;
  /** Absolute, in the container. */
  path: string;
  digest: string;
  mode: number;
  owner: FileOwner;
  /** The volume is made for this container: nobody can have changed anything in it. */
  isNew: boolean;
}

/** What is to be copied, and what the container's label says of it. */
export interface CopyList {
  files: CopiedFile[];
  /** Folders to be made for them; absolute, in the container, outer ones first. */
  folders: Pick<CopiedFile, "mount" | "path" | "owner">[];
  warnings: string[];
}

/** Which of them may be written, and what there was before. */
export interface CopyDecision {
  write: CopiedFile[];
  /** Content of what `write` takes the place of. */
  replaced: { file: CopiedFile; content: Buffer }[];
  warnings: string[];
}

const BESIDE = ".plugctl-new";

/** @throws NOT_FOUND, INVALID for a folder that cannot be copied. */
export async function listCopies(
  design: ContainerDesign,
  copies: readonly PreparedCopy[],
  newVolumes: readonly string[],
): Promise<CopyList> {
  const list: CopyList = { files: [], folders: [], warnings: [] };
  for (const { copy, folder } of copies) {
    const place = placeInContainer(design, copy);
    if (place === undefined) {
      list.warnings.push(`"${copy.from}" is not copied: its destination is not mounted`);
      continue;
    }
    const { owner } = copy;
    const { mount } = place;
    const isNew = place.volume !== null && newVolumes.includes(place.volume);
    const folders = new Set([place.path]);
    for (const { path, file, mode } of await folderFiles(folder)) {
      const parts = path.split("/").slice(0, -1);
      for (const depth of parts.keys()) folders.add([place.path, ...parts.slice(0, depth + 1)].join("/"));
      const key = [copy.to.root, copy.to.path, path].filter((part) => part !== "").join("/");
      const digest = await digestOf(createReadStream(file));
      list.files.push({
        key,
        source: file,
        path: `${place.path}/${path}`,
        ...{ mount, digest, mode, owner, isNew },
      });
    }
    list.folders.push(...[...folders].sort().map((path) => ({ mount, path, owner })));
  }
  return list;
}

/** Where the destination of a copy is inside the container: below the mount that reaches it. */
function placeInContainer({ recipe, placement, provenance }: ContainerDesign, { to }: PlannedCopy) {
  for (const { source, target, readOnly } of recipe.mounts) {
    if (source.root !== to.root || readOnly) continue;
    const prefix = source.path === "" ? "" : `${source.path}/`;
    if (to.path !== source.path && !to.path.startsWith(prefix)) continue;
    const place = placement(source, provenance.plugin);
    const below = to.path === source.path ? "" : `/${to.path.slice(prefix.length)}`;
    return { mount: target, path: `${target}${below}`, volume: place?.type === "volume" ? place.name : null };
  }
  return undefined;
}

const recordSchema = z.record(z.string(), z.string());
type Labels = Readonly<Record<string, string>>;

/** The label that tells a later update which files are still as they were copied. */
export function copiedLabel({ files }: CopyList): Labels {
  if (files.length === 0) return {};
  return {
    [LABEL.copied]: JSON.stringify(Object.fromEntries(files.map(({ key, digest }) => [key, digest]))),
  };
}

/** The same label as another container has it. */
export function copiedRecord(labels: Labels): Labels {
  const record = labels[LABEL.copied];
  return record === undefined ? {} : { [LABEL.copied]: record };
}

/** Whether a container was filled with these very files. */
export const isCopied = (list: CopyList, labels: Labels) =>
  (copiedLabel(list)[LABEL.copied] ?? "") === (labels[LABEL.copied] ?? "");

/**
 * A file that its user changed is kept, and the new one written beside it; one that was removed is not put back. Who
 * changed nothing gets the new file. Without a record what differs counts as changed.
 * @param earlier labels of the plugin's containers: the present one, and the one kept for a rollback.
 */
export async function decideCopies(
  scope: EngineScope,
  id: string,
  { files, earlier }: { files: readonly CopiedFile[]; earlier: readonly Labels[] },
): Promise<CopyDecision> {
  const decision: CopyDecision = { write: [], replaced: [], warnings: [] };
  const records = earlier.map(readRecord);
  for (const file of files) {
    const known = records.map((record) => record[file.key]).filter((digest) => digest !== undefined);
    const found = file.isNew ? null : await readFileIn(scope, id, file.path);
    if (found === null) {
      if (file.isNew || known.length === 0) decision.write.push(file);
      else if (!known.includes(file.digest))
        decision.warnings.push(`${file.path} was removed since it was copied, and is not put back`);
      continue;
    }
    const { content } = found;
    const digest = content === null ? null : digestText(content);
    if (digest === file.digest) continue;
    if (content !== null && digest !== null && known.includes(digest)) {
      decision.write.push(file);
      decision.replaced.push({ file, content });
    } else if (!known.includes(file.digest)) {
      const path = `${file.path}${BESIDE}`;
      decision.write.push({ ...file, path });
      decision.warnings.push(
        `${file.path} is not as it was copied, and is kept; the new one is beside it: ${basename(path)}`,
      );
    }
  }
  return decision;
}

function readRecord(labels: Labels): Readonly<Record<string, string>> {
  try {
    return recordSchema.parse(JSON.parse(labels[LABEL.copied] ?? "{}"));
  } catch {
    return {};
  }
}

const digestText = (content: Buffer) => createHash("sha256").update(content).digest("base64url");

async function digestOf(content: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of content) hash.update(chunk);
  return hash.digest("base64url");
}
