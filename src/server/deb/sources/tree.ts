import { createHash } from "node:crypto";
import { chmodSync, lstatSync, lutimesSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { invalidError } from "../../../core/errors.ts";
import { digestFile } from "../digest-file.ts";
import { giveWay } from "../give-way.ts";
import { staysInside } from "./links.ts";

/** The zip format, and so every Python wheel, knows no time before 1980. */
const EARLIEST = 315_532_800;

/**
 * Makes a tree the same wherever it came from: modes 0755 and 0644, all times those of the source, and checks that no
 * link leads out.
 * @param options.time in seconds since 1970; undefined = that of the newest file.
 * @throws INVALID for a link that leads out, and for what is neither file, folder nor link.
 */
export async function settleTree(
  root: string,
  { time, signal }: { time: number | undefined; signal: AbortSignal },
): Promise<{ treeSha256: string; newest: number }> {
  const entries = await list(root, "");
  const newest = entries.reduce((last, { mtime }) => Math.max(last, mtime), EARLIEST);
  const seconds = Math.max(time ?? newest, EARLIEST);
  const digest = createHash("sha256");
  for (const { path, kind } of entries) {
    signal.throwIfAborted();
    await giveWay();
    const file = join(root, path);
    if (kind !== "folder")
      digest.update(`${kind} ${JSON.stringify(path)} ${await content(root, file, kind)}\n`);
    if (kind !== "link") chmodSync(file, kind === "file" ? 0o644 : 0o755);
    lutimesSync(file, seconds, seconds);
  }
  chmodSync(root, 0o755);
  lutimesSync(root, seconds, seconds);
  return { treeSha256: digest.digest("hex"), newest: seconds };
}

type Kind = "file" | "program" | "link" | "folder";

interface Entry {
  path: string;
  kind: Kind;
  mtime: number;
}

/** Everything below a folder in the order of the bytes of the names; a folder comes after what is in it. */
async function list(root: string, folder: string): Promise<Entry[]> {
  const names = readdirSync(join(root, folder));
  names.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const entries: Entry[] = [];
  for (const name of names) {
    await giveWay();
    const path = folder === "" ? name : `${folder}/${name}`;
    const found = lstatSync(join(root, path));
    const mtime = Math.floor(found.mtimeMs / 1000);
    if (found.isDirectory()) entries.push(...(await list(root, path)), { path, kind: "folder", mtime: 0 });
    else if (found.isSymbolicLink()) entries.push({ path, kind: "link", mtime });
    else if (found.isFile()) entries.push({ path, kind: found.mode & 0o100 ? "program" : "file", mtime });
    else throw invalidError(`${JSON.stringify(path)} is neither a file, a folder nor a link`);
  }
  return entries;
}

/** Digest of a file, or where a link leads. */
async function content(root: string, file: string, kind: Kind): Promise<string> {
  if (kind !== "link") return digestFile(file, "sha256");
  const target = readlinkSync(file);
  if (await staysInside(root, file)) return JSON.stringify(target);
  const path = JSON.stringify(file.slice(root.length + 1));
  throw invalidError(`the link ${path} leads out of the plugin's folder, to ${JSON.stringify(target)}`);
}
