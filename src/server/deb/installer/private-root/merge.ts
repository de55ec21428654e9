import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, lchownSync, lstatSync, readdirSync, renameSync, type Stats, utimesSync } from "node:fs";
import { join } from "node:path";
import { extract } from "tar-stream";
import { giveWay } from "../../give-way.ts";
import { makeFolders, removeTree } from "../files.ts";

/** How an overlay without privileges marks a folder that hides what is below it. */
const OPAQUE = "SCHILY.xattr.user.overlay.opaque";

/** How an overlay marks a name that is gone. */
const isWhiteout = (found: Stats) => found.isCharacterDevice() && found.rdev === 0;

const find = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** An overlay of which everything that was written is to be in the tree. */
export interface Merge {
  upper: string;
  /** The folder below it. */
  tree: string;
  /** Folder of the host below the tree: names that are gone have to stay marked where it has them. */
  host: string | undefined;
}

/**
 * Looks at what was written to the upper folders of overlays.
 * @returns what moves it into the trees below them. A merge that was cut off goes on where it was: what has been moved is not
 * in the upper folder any more.
 */
export async function prepareMerge(merges: readonly Merge[]): Promise<() => Promise<void>> {
  const common = await Promise.all(merges.map(({ upper, tree }) => commonFolders(upper, tree, "")));
  const opaque = await opaqueFolders(common.flat());
  return async () => {
    for (const each of merges) await mergeOne(each, opaque);
  };
}

async function mergeOne({ upper, tree, host }: Merge, opaque: ReadonlySet<string>): Promise<void> {
  if (find(tree) === undefined) await makeFolders(tree);

  async function mergeFolder(path: string): Promise<void> {
    for (const name of readdirSync(join(upper, path))) {
      await giveWay();
      const inner = path === "" ? name : `${path}/${name}`;
      const source = join(upper, inner);
      const target = join(tree, inner);
      const written = lstatSync(source);
      const existing = find(target);
      if (written.isDirectory() && existing?.isDirectory() && !opaque.has(source)) {
        await mergeFolder(inner);
        copyAttributes(written, target, existing);
        continue;
      }
      const isGone = isWhiteout(written) && (host === undefined || !find(join(host, inner)));
      if (existing?.isDirectory() || (existing !== undefined && (isGone || written.isDirectory()))) {
        await removeTree(target);
      }
      if (!isGone) renameSync(source, target);
    }
  }
  await mergeFolder("");
}

/** Folders of the upper one that are in both. */
async function commonFolders(upper: string, tree: string, path: string): Promise<string[]> {
  const common: string[] = [];
  for (const entry of readdirSync(join(upper, path), { withFileTypes: true })) {
    await giveWay();
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    if (!entry.isDirectory() || !find(join(tree, inner))?.isDirectory()) continue;
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

function copyAttributes(from: Stats, path: string, to: Stats): void {
  if (from.uid !== to.uid || from.gid !== to.gid) lchownSync(path, from.uid, from.gid);
  if (from.mode !== to.mode) chmodSync(path, from.mode & 0o7777);
  utimesSync(path, from.atime, from.mtime);
}
