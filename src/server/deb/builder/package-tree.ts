import { lstatSync, lutimesSync, mkdirSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { invalidError } from "../../../core/errors.ts";
import { giveWay } from "../give-way.ts";
import { shownBytes } from "./limits.ts";

/** Something in the folder that becomes a package. `path` is relative to it, with `/`. */
export interface PackageEntry {
  path: string;
  kind: "file" | "folder" | "link";
  size: number;
}

const SET_ID = 0o6000;

const LONGEST_PATH = 1000;

/**
 * Lists a folder that a plugin's step has filled, in the order of the bytes of the names, a folder before what is in it.
 * @param depth how many folders of the package are above it: as far up its links may lead.
 * @throws INVALID for what no package of a plugin may hold, and when it is too much.
 */
export async function listPackage(
  root: string,
  limits: { packageBytes: number; packageFiles: number },
  depth = 0,
): Promise<PackageEntry[]> {
  return listWithin(walk(root, "", depth), limits);
}

/** All of the entries. @throws INVALID when it is too much. */
export async function listWithin(
  found: AsyncIterable<PackageEntry>,
  limits: { packageBytes: number; packageFiles: number },
): Promise<PackageEntry[]> {
  const entries: PackageEntry[] = [];
  let bytes = 0;
  for await (const entry of found) {
    entries.push(entry);
    bytes += entry.size;
    if (entries.length > limits.packageFiles) throw refused(`has more than ${limits.packageFiles} files`);
    if (bytes > limits.packageBytes) throw refused(`is larger than ${shownBytes(limits.packageBytes)}`);
  }
  return entries;
}

async function* walk(root: string, folder: string, depth: number): AsyncGenerator<PackageEntry> {
  const names = readdirSync(join(root, folder));
  names.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  for (const name of names) {
    const path = folder === "" ? name : `${folder}/${name}`;
    checkPath(path);
    await giveWay();
    const found = lstatSync(join(root, path));
    const target = found.isSymbolicLink() ? readlinkSync(join(root, path)) : undefined;
    const kind = checkedKind({ path, kind: kindOf(found), mode: found.mode, target }, depth);
    yield { path, kind, size: kind === "file" ? found.size : 0 };
    if (kind === "folder") yield* walk(root, path, depth);
  }
}

function kindOf(found: Stats): PackageEntry["kind"] | undefined {
  if (found.isDirectory()) return "folder";
  if (found.isSymbolicLink()) return "link";
  return found.isFile() ? "file" : undefined;
}

/** Something that is to be in a package. `kind` undefined = a device and the like; `target` is that of a link. */
export interface OfferedEntry {
  path: string;
  kind: PackageEntry["kind"] | undefined;
  mode: number;
  target: string | undefined;
}

/** Looks at the name of one entry of a package. @throws INVALID for what no package of a plugin may hold. */
export function checkPath(path: string): void {
  if (path.length > LONGEST_PATH) throw refused(`has paths of more than ${LONGEST_PATH} characters`);
  const shown = JSON.stringify(path);
  if (/[\u0000-\u001f\u007f\uFFFD]/.test(path)) {
    throw refused(`has the name ${shown}, which is not UTF-8 or has a control character`);
  }
  if (path.split("/").some((segment) => ["", ".", ".."].includes(segment))) {
    throw refused(`has the name ${shown}, which is no path below its root`);
  }
}

/**
 * Looks at one entry of a package, but for its name.
 * @param depth see `listPackage`. @throws INVALID for what no package of a plugin may hold.
 */
export function checkedKind({ path, kind, mode, target }: OfferedEntry, depth = 0): PackageEntry["kind"] {
  const shown = JSON.stringify(path);
  if (kind === undefined) throw refused(`has ${shown}, which is neither a file, a folder nor a link`);
  if (kind === "link" && climbsOut(depth + path.split("/").length - 1, target ?? "")) {
    throw refused(`has the link ${shown}, which leads out of it`);
  }
  if (kind === "file" && mode & SET_ID) {
    throw refused(`has ${shown}, which would run with the rights of its owner (setuid, setgid)`);
  }
  return kind;
}

/**
 * Whether a relative target goes above the root of the package. An absolute one begins at that of the host.
 * @param depth of the link: how many folders it is in.
 */
function climbsOut(depth: number, target: string): boolean {
  if (target.startsWith("/")) return false;
  let level = depth;
  return target.split("/").some((segment) => {
    if (segment === "..") level--;
    else if (segment !== "" && segment !== ".") level++;
    return level < 0;
  });
}

/**
 * Makes a folder and those above it below `root`, following no link.
 * @throws INVALID when something else is in the way.
 */
export function makeFolder(root: string, path: string): string {
  let folder = root;
  for (const segment of path.split("/")) {
    folder = join(folder, segment);
    try {
      mkdirSync(folder, { mode: 0o755 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (!lstatSync(folder).isDirectory()) {
      throw refused(`has ${JSON.stringify(folder.slice(root.length + 1))}, which has to be a folder`);
    }
  }
  return folder;
}

/** Gives everything one time, so that the same content gives the same package. */
export async function setTimes(
  root: string,
  entries: readonly PackageEntry[],
  sourceDate: number,
): Promise<void> {
  for (const { path } of entries.toReversed()) {
    await giveWay();
    lutimesSync(join(root, path), sourceDate, sourceDate);
  }
  lutimesSync(root, sourceDate, sourceDate);
}

export const refused = (what: string) => invalidError(`the package is refused: it ${what}`);
