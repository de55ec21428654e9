import { posix } from "node:path";
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
  const named = [mainExport(manifest.exports), manifest.module, ...mainCandidates(manifest.main)].filter(
    (candidate) => candidate !== undefined,
  );
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

const mainCandidates = (main: string | undefined): string[] =>
  main === undefined ? [] : [main, `dist/${main}`, `${main}/index.js`, `dist/${main}/index.js`];
