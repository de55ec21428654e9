import { posix } from "node:path";
import { invalidError } from "../../core/errors.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Refuses a folder without the entry file that its package.json names, mostly because the build was not run. The
 * store looks for the same names (discovery-store spec, 3.3), but then falls back to whatever script there is: good
 * for a finished tarball, and the source or a configuration file for a folder that is yet to be built. A folder
 * whose package.json names no entry is the store's to judge.
 * @throws INVALID.
 */
export function checkEntry(manifest: Manifest, paths: ReadonlySet<string>): void {
  const { plugctl, exports, module, main, scripts } = manifest;
  const named =
    plugctl?.entry === undefined ? [mainExport(exports), module, ...lookedUp(main)] : [plugctl.entry];
  const candidates = named.filter((path) => path !== undefined);
  const [first] = candidates;
  if (first === undefined || candidates.some((path) => paths.has(posix.normalize(path)))) return;
  const build = scripts?.build === undefined ? "build the plugin" : "run npm run build";
  throw invalidError(`the entry file ${first} of package.json is not among the files to publish`, {
    hint: `${build} first, and see that "files" in package.json covers it`,
  });
}

/** Where bundlers look for what `main` names. */
const lookedUp = (main: string | undefined): string[] =>
  main === undefined ? [] : [main, `dist/${main}`, `${main}/index.js`, `dist/${main}/index.js`];

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
