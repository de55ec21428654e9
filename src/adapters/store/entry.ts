import { posix } from "node:path";
import { invalidError } from "../../core/errors.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Refuses a folder whose entry file is not packed, mostly because the build was not run; the store would refuse it
 * too, after the upload. The order is the store's (discovery-store spec, 3.3).
 * @throws INVALID.
 */
export function checkEntry(manifest: Manifest, paths: ReadonlySet<string>): void {
  const stated = manifest.plugctl?.entry;
  const named = [mainExport(manifest.exports), manifest.module, manifest.main].filter(
    (path) => path !== undefined,
  );
  const candidates =
    stated === undefined ? [...named, ...mainCandidates(manifest.main)].map(normalize) : [normalize(stated)];
  if (candidates.some((path) => paths.has(path))) return;
  if (stated === undefined && [...paths].filter((path) => path.endsWith(".js")).length === 1) return;
  const [missing] = stated === undefined ? named : [stated];
  const build = manifest.scripts?.build === undefined ? "build the plugin" : "run npm run build";
  throw invalidError(
    missing === undefined
      ? "the plugin has no entry file: package.json names none, and there is no index.js"
      : `the entry file ${missing} of package.json is not among the files to publish`,
    {
      hint:
        missing === undefined
          ? 'name it in package.json as "plugctl": {"entry": "…"}'
          : `${build} first, and see that "files" in package.json covers it`,
    },
  );
}

const normalize = (path: string) => posix.normalize(path);

function mainExport(exports: unknown): string | undefined {
  if (exports !== null && typeof exports === "object" && "." in exports) return conditional(exports["."]);
  return conditional(exports);
}

/** The target for an `import` in a browser, of a string, an object of conditions, or a list of alternatives. */
function conditional(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (Array.isArray(target)) return target.map(conditional).find((path) => path !== undefined);
  if (target === null || typeof target !== "object") return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (!["browser", "import", "module", "default"].includes(condition)) continue;
    const path = conditional(value);
    if (path !== undefined) return path;
  }
  return undefined;
}

function mainCandidates(main: string | undefined): string[] {
  const looked = main === undefined ? [] : [`dist/${main}`, `${main}/index.js`, `dist/${main}/index.js`];
  return [...looked, "index.js", "dist/index.js"];
}
