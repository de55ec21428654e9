import type { PackageEntry } from "./package-tree.ts";

/** Places that Debian leaves to whoever looks after a host: no package of its own puts anything there. */
const PLACES_OF_THE_HOST = ["usr/local", "opt", "srv", "var/www"] as const;

const COMPILED = /(?:^|\/)__pycache__\/[^/]+\.pyc$/;

/** What is wrong with the files of a plugin's package and does no harm to the rest of the host: a sentence for each kind. */
export function packageWarnings(entries: readonly PackageEntry[]): string[] {
  const files = entries.filter(({ kind }) => kind !== "folder").map(({ path }) => path);
  const within = PLACES_OF_THE_HOST.filter((place) => files.some((path) => path.startsWith(`${place}/`)));
  const compiled = files.filter((path) => COMPILED.test(path)).length;
  const warnings = within.map(
    (place) => `it puts files below /${place}, which Debian leaves to the administrator`,
  );
  if (compiled > 0)
    warnings.push(`it ships ${compiled} compiled files of one version of Python (__pycache__)`);
  return warnings;
}
