import { Problem } from "../../http/problem.ts";

const PATH_BYTES = 512;
const SEGMENT_BYTES = 200;
/** Never part of a plugin; what holds secrets or the tools' own state must not be published by accident. */
const FORBIDDEN = /^(?:\.git|\.npmrc|\.env.*|node_modules)$/i;

/** A name as it may be shown in a message: quoted, control characters escaped, cut. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

const unsafe = (name: string, why: string) =>
  new Problem(422, "unsafe_path", `the archive entry ${quoted(name)} ${why}`);

/**
 * The checked form of an entry's name: NFC, `/` between segments, no `/` at the end.
 *
 * A leading `.` segment is let through, since it may be the common top folder (see `stripTopFolder`).
 * @throws Problem 422 `unsafe_path`.
 */
export function checkEntryName(name: string): string {
  if (name.includes("\uFFFD")) throw unsafe(name, "is not valid UTF-8");
  if (/[\u0000-\u001F\u007F]/.test(name)) throw unsafe(name, "has a control character");
  if (name.includes("\\")) throw unsafe(name, "has a backslash");
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) throw unsafe(name, "is an absolute path");
  const path = name.normalize("NFC").replace(/\/$/, "");
  for (const [index, segment] of path.split("/").entries()) {
    if (segment === "") throw unsafe(name, "has an empty path segment");
    if (segment === ".." || (segment === "." && index > 0)) {
      throw unsafe(name, `has a "${segment}" segment`);
    }
    if (FORBIDDEN.test(segment)) throw unsafe(name, `may not be published ("${segment}")`);
    if (Buffer.byteLength(segment) > SEGMENT_BYTES) {
      throw unsafe(name, `has a segment longer than ${SEGMENT_BYTES} bytes`);
    }
  }
  return path;
}

/**
 * The path as it will be stored, when the top folder is known.
 * @throws Problem 422 `unsafe_path`.
 */
export function checkStoredPath(path: string, depth: number): string {
  const segments = path.split("/");
  if (segments[0] === ".") throw unsafe(path, 'has a "." segment');
  if (segments.length > depth) throw unsafe(path, `is more than ${depth} levels deep`);
  if (Buffer.byteLength(path) > PATH_BYTES) throw unsafe(path, `is longer than ${PATH_BYTES} bytes`);
  return path;
}

/** Paths with equal keys would be one file on some file system. */
export const foldPath = (path: string) => path.normalize("NFC").toLowerCase().normalize("NFC");

/**
 * The folder (with its slash) to take off every path: the one that all files are in, if it holds package.json, as in
 * the tarballs of `npm pack`. Otherwise the empty string.
 */
export function topFolder(paths: readonly string[]): string {
  const first = paths[0] ?? "";
  const top = first.slice(0, first.indexOf("/") + 1);
  if (top === "" || !paths.includes(`${top}package.json`)) return "";
  return paths.every((path) => path.startsWith(top)) ? top : "";
}
