import { createHash } from "node:crypto";

/**
 * One digest for the content of a version, whatever packed it: sha256 (hex) of `<sha256 hex>  <path>\n` for each file,
 * sorted bytewise by path (discovery-store spec, 3.4).
 */
export function treeSha256(files: readonly { path: string; sha256: string }[]): string {
  const hash = createHash("sha256");
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  for (const file of sorted) hash.update(`${file.sha256}  ${file.path}\n`);
  return hash.digest("hex");
}
