import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Stats } from "node:fs";
import { chmod, lchown, lstat, readdir, rename, utimes } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar-stream";
import { makeFolders, removeTree } from "../files.ts";

/** How an overlay without privileges marks a folder that hides what is below it. */
const OPAQUE = "SCHILY.xattr.user.overlay.opaque";

/** How an overlay marks a name that is gone. */
const isWhiteout = (found: Stats) => found.isCharacterDevice() && found.rdev === 0;

const find = (path: string): Promise<Stats | undefined> =>
  lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });

/** An overlay of which everything that was written is to be in the tree. */
export interface Merge {
  upper: string;
  /** The folder below it. */
  tree: string;
  /** Folder of the host below the tree: names that are gone have to stay marked where it has them. */
  host: string | undefined;
}

/**
 * Moves what was written to the upper folders of overlays into the trees below them. A merge that was cut off goes on where
 * it was: what has been moved is not in the upper folder any more.
 */
export async function merge(merges: readonly Merge[]): Promise<void> {
  const common = await Promise.all(merges.map(({ upper, tree }) => commonFolders(upper, tree, "")));
  const opaque = await opaqueFolders(common.flat());
  for (const each of merges) await mergeOne(each, opaque);
}

async function mergeOne({ upper, tree, host }: Merge, opaque: ReadonlySet<string>): Promise<void> {
  if ((await find(tree)) === undefined) await makeFolders(tree);

  async function mergeFolder(path: string): Promise<void> {
    for (const name of await readdir(join(upper, path))) {
      const inner = path === "" ? name : `${path}/${name}`;
      const source = join(upper, inner);
      const target = join(tree, inner);
      const written = await lstat(source);
      const existing = await find(target);
      if (written.isDirectory() && existing?.isDirectory() && !opaque.has(source)) {
        await mergeFolder(inner);
        await copyAttributes(written, target, existing);
        continue;
      }
      const isGone = isWhiteout(written) && (host === undefined || !(await find(join(host, inner))));
      if (existing?.isDirectory() || (existing !== undefined && (isGone || written.isDirectory()))) {
        await removeTree(target);
      }
      if (!isGone) await rename(source, target);
    }
  }
  await mergeFolder("");
}

/** Folders of the upper one that are in both. */
async function commonFolders(upper: string, tree: string, path: string): Promise<string[]> {
  const common: string[] = [];
  for (const entry of await readdir(join(upper, path), { withFileTypes: true })) {
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    if (!entry.isDirectory() || !(await find(join(tree, inner)))?.isDirectory()) continue;
    common.push(join(upper, inner), ...(await commonFolders(upper, tree, inner)));
  }
  return common;
}

/** Those of the folders that are marked. Node has no call for extended attributes; tar, which every Debian has, tells them. */
async function opaqueFolders(folders: readonly string[]): Promise<Set<string>> {
  const opaque = new Set<string>();
  if (folders.length === 0) return opaque;
  const options = [
    "--create",
    "--absolute-names",
    "--no-recursion",
    "--xattrs",
    "--format=pax",
    "--null",
    "--verbatim-files-from",
    "--files-from=-",
  ];
  const tar = spawn("tar", options, { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(tar, "close");
  tar.stdin.end(folders.join("\0"));
  for await (const entry of tar.stdout.pipe(extract())) {
    const attributes = (entry.header.pax ?? {}) as Record<string, string | undefined>;
    if (attributes[OPAQUE] === "y") opaque.add(entry.header.name.replace(/\/$/, ""));
    entry.resume();
  }
  const [exitCode] = await ended;
  if (exitCode !== 0) throw new Error(`tar ended with ${exitCode} when it read the attributes of folders`);
  return opaque;
}

async function copyAttributes(from: Stats, path: string, to: Stats): Promise<void> {
  if (from.uid !== to.uid || from.gid !== to.gid) await lchown(path, from.uid, from.gid);
  if (from.mode !== to.mode) await chmod(path, from.mode & 0o7777);
  await utimes(path, from.atime, from.mtime);
}
