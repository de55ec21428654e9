import { posix } from "node:path";
import { invalidError } from "../../core/errors.ts";
import { entryCandidates } from "../../core/store/entry-candidates.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Refuses a folder without the entry file that its package.json names, mostly because the build was not run. The
 * store looks for the same names (discovery-store spec, 3.3), but then falls back to whatever script there is: good
 * for a finished tarball, and the source or a configuration file for a folder that is yet to be built. A folder
 * whose package.json names no entry is the store's to judge.
 * @throws INVALID.
 */
export function checkEntry(manifest: Manifest, paths: ReadonlySet<string>): void {
  const { plugctl, scripts } = manifest;
  const candidates = plugctl?.entry === undefined ? entryCandidates(manifest) : [plugctl.entry];
  const [first] = candidates;
  if (first === undefined || candidates.some((path) => paths.has(posix.normalize(path)))) return;
  const build = scripts?.build === undefined ? "build the plugin" : "run npm run build";
  throw invalidError(`the entry file ${first} of package.json is not among the files to publish`, {
    hint: `${build} first, and see that "files" in package.json covers it`,
  });
}
