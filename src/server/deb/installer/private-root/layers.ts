import { lstat } from "node:fs/promises";
import { join } from "node:path";

/**
 * One overlay of a private root: what a change writes goes into a folder of the change's own, over the tree, over the view
 * of the host's files that are copies, over the host's own.
 */
export interface Layer {
  /** Where it is in the root, without the slash: `usr`; empty = the root itself. */
  path: string;
  /** Folder of the host that lies below; undefined where the host's files are not seen. */
  host: string | undefined;
  /** Name of its folder within a change. */
  name: string;
}

const MERGED_USR = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/**
 * The layers of a root. Of the host a plugin sees its programs and its package database, nothing else: neither homes nor
 * data of services. Each is a mount of its own since an unprivileged overlay cannot have `/` below it.
 */
export async function layersOfHost(): Promise<Layer[]> {
  const layers: Layer[] = [{ path: "", host: undefined, name: "root" }];
  for (const path of ["usr", ...MERGED_USR, "var/lib/dpkg"]) {
    const host = join("/", path);
    const found = await lstat(host).catch(() => undefined);
    if (found?.isDirectory()) layers.push({ path, host, name: path.replaceAll("/", "-") });
  }
  return layers;
}
