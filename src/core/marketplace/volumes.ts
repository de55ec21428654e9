import { invalidError } from "../errors.ts";
import { containerPath, relativePath, resolveSource } from "./location.ts";
import type { FileOwner, PlannedCopy, PlannedVolume, VolumeLocation } from "./plan.ts";
import type { Task } from "./schema.ts";

/** Whom the platform gives the user's files to. */
const DEFAULT_OWNER: FileOwner = { uid: 1000, gid: 1000 };

/** @throws INVALID for a source or target that is refused, and for two volumes on one target. */
export function plannedVolumes(task: Task, user: string): PlannedVolume[] {
  const { volumes = [] } = task;
  const items = Array.isArray(volumes)
    ? volumes
    : Object.entries(volumes).map(([source, target]) => ({ source, target, description: undefined }));
  const planned = items.map((item): PlannedVolume => {
    const source = resolveSource(item.source);
    return {
      source,
      target: containerPath(item.target),
      readOnly: source.root === "certificates",
      description: item.description || null,
      owner: ownerOf(source, user),
    };
  });
  const targets = new Set<string>();
  for (const { target } of planned) {
    if (targets.has(target)) throw invalidError(`task.volumes mounts two sources on ${target}`);
    targets.add(target);
  }
  const depth = ({ target }: PlannedVolume) => target.split("/").length;
  return planned.sort((one, other) => depth(one) - depth(other) || (one.target < other.target ? -1 : 1));
}

/** @throws INVALID for a folder outside the entry's, and for a destination that is refused or read-only. */
export function plannedCopies(task: Task, user: string): PlannedCopy[] {
  return Object.entries(task.copy ?? {}).map(([folder, destination]) => {
    const from = relativePath(folder);
    if (from === null)
      throw invalidError(`task.copy "${folder.slice(0, 300)}" leads out of the entry's folder`);
    const to = resolveSource(destination);
    if (to.root === "certificates")
      throw invalidError(`task.copy "${from}" would write into the certificates`);
    return { from, to, owner: ownerOf(to, user) };
  });
}

/** The storages are shared by all plugins of a user, whoever those run as. */
function ownerOf(location: VolumeLocation, user: string): FileOwner {
  const [, uid, gid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(user) ?? [];
  if (location.root !== "plugin" || uid === undefined || Number(uid) === 0) return DEFAULT_OWNER;
  return { uid: Number(uid), gid: Number(gid ?? uid) };
}
