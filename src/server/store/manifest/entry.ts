import { posix } from "node:path";
import { entryCandidates } from "../../../core/store/entry-candidates.ts";
import { Problem } from "../../http/problem.ts";
import type { Manifest } from "./manifest.ts";

/** Looked for when package.json names nothing that is there. */
const UNNAMED = ["index.js", "dist/index.js"];

/**
 * The file that a host imports: `plugctl.entry`, else `exports["."]` (`import`, then `default`), `module`, `main` as
 * bundlers look it up, `index.js`, `dist/index.js`, the only `.js` file. What is named but not in the archive is
 * passed over, except for `plugctl.entry`.
 *
 * @param paths of the archive's files.
 * @throws Problem 422 `entry_not_found`.
 */
export function findEntry(manifest: Manifest, paths: ReadonlySet<string>): string {
  const stated = manifest.plugctl.entry;
  if (stated !== undefined) {
    const path = posix.normalize(stated);
    if (paths.has(path)) return path;
    throw new Problem(
      422,
      "entry_not_found",
      `package.json: plugctl.entry names ${stated}, which the archive does not have`,
    );
  }
  const named = entryCandidates(manifest);
  for (const candidate of [...named, ...UNNAMED]) {
    const path = posix.normalize(candidate);
    if (paths.has(path)) return path;
  }
  const scripts = [...paths].filter((path) => path.endsWith(".js"));
  const [only] = scripts;
  if (scripts.length === 1 && only !== undefined) return only;
  const [first] = named;
  throw new Problem(
    422,
    "entry_not_found",
    first === undefined
      ? "no entry file: state plugctl.entry in package.json, or add index.js"
      : `the entry file ${first} of package.json is not in the archive; was the build run, and is the file packed?`,
  );
}
