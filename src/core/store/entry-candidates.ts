/** The members of a package.json that can name the file that a host imports. */
export interface EntryMembers {
  /** Of any shape that `exports` may have; only what it says of the package itself counts. */
  exports?: unknown;
  module?: string | undefined;
  main?: string | undefined;
}

/**
 * The paths that a package.json names for the file that a host imports, the best first: `exports["."]`, `module`, and
 * `main` where bundlers look for it (discovery-store spec, 3.3). As written there: not normalised.
 */
export function entryCandidates({ exports, module, main }: EntryMembers): string[] {
  return [mainExport(exports), module, ...lookedUp(main)].filter((path) => path !== undefined);
}

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
