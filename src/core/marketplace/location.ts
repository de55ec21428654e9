import { posix } from "node:path";
import { invalidError } from "../errors.ts";
import type { VolumeLocation } from "./plan.ts";

/**
 * Thinger's layout, in which a volume source is relative to the plugin's volume folder. The names below `thinger` are
 * stand-ins: sources climb over them and never name them, save `storages`, `thinger` and `certificates`.
 */
const LAYOUT = {
  plugin: "/-/thinger/users/-/plugins/-/volumes",
  storages: "/-/thinger/users/-/storages",
  certificates: "/-/thinger/certificates",
} as const;

/**
 * Where a volume source leads.
 * @throws INVALID for whatever is neither in the plugin's folder, the user's storages nor the certificates.
 */
export function resolveSource(source: string): VolumeLocation {
  const refuse = (why: string) => invalidError(`volume source "${source.slice(0, 300)}" is refused: ${why}`);
  if (source === "") throw refuse("it is empty");
  if (posix.isAbsolute(source)) throw refuse("it is an absolute path");
  if (hasUnsafeCharacters(source)) throw refuse("it contains ':', '\\' or control characters");
  const resolved = posix.resolve(LAYOUT.plugin, source);
  for (const root of ["plugin", "storages", "certificates"] as const) {
    const folder = LAYOUT[root];
    if (resolved === folder) return { root, path: "" };
    if (resolved.startsWith(`${folder}/`)) return { root, path: resolved.slice(folder.length + 1) };
  }
  throw refuse("it leads out of the plugin's volumes, the user's storages and the certificates");
}

/**
 * An absolute path in a container, normalised and without a slash at its end.
 * @throws INVALID when it is not absolute, is the root, or has characters that engines read as something else.
 */
export function containerPath(target: string): string {
  const normal = posix.normalize(target).replace(/\/+$/, "").replace(/^\/+/, "/");
  if (!target.startsWith("/") || normal === "" || hasUnsafeCharacters(target)) {
    throw invalidError(`volume target "${target.slice(0, 300)}" is not an absolute path of a folder`);
  }
  return normal;
}

/** A path that stays below the folder it is relative to, normalised; null for any other, and for the folder itself. */
export function relativePath(path: string): string | null {
  if (path === "" || posix.isAbsolute(path) || hasUnsafeCharacters(path)) return null;
  const normal = posix.normalize(path).replace(/\/$/, "");
  return normal === "." || normal === ".." || normal.startsWith("../") ? null : normal;
}

/** A colon separates the parts of a bind mount, a backslash those of a path elsewhere. */
const hasUnsafeCharacters = (path: string) => /[\u0000-\u001f\u007f:\\]/.test(path);
