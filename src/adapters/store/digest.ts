import { createHash } from "node:crypto";

export interface FileDigest {
  /** Within the plugin, with `/` between segments. */
  path: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/** The order that digests are taken in, whatever the language of this machine. */
export const byPath = (a: { path: string }, b: { path: string }): number =>
  Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));

/**
 * One digest for the content of a version, whatever packed it: sha256 (hex) of `<sha256 hex>  <path>\n` for each file,
 * sorted bytewise by path (discovery-store spec, 3.4).
 */
export function treeSha256(files: readonly FileDigest[]): string {
  const hash = createHash("sha256");
  for (const { sha256, path } of files.toSorted(byPath)) hash.update(`${sha256}  ${path}\n`);
  return hash.digest("hex");
}
