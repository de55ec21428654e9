import { posix } from "node:path";
import { type Export, type Import, init, parse } from "es-module-lexer";
import { Problem } from "../../http/problem.ts";

/** What a host must know of an entry before loading it. */
export interface Analysis {
  /** Bare specifiers that the host has to resolve, sorted. */
  externals: string[];
  /** Names that the entry exports, sorted. */
  exports: string[];
  warnings: string[];
}

export interface AnalysedFiles {
  paths: ReadonlySet<string>;
  read(path: string): Promise<Buffer>;
}

/** Bytes of JavaScript that are looked at: lexing them takes some 200 ms. */
const ANALYSED_BYTES = 32 * 1024 * 1024;
const SCRIPT = /\.m?js$/;

interface Module {
  names: string[];
  /** Resolved paths of `export * from`. */
  stars: string[];
  /** Passes on the names of a module that is not in the archive. */
  isOpen: boolean;
  isModule: boolean;
}

/**
 * Reads the entry and whatever it imports from the archive, without running anything.
 * @throws Problem 422 `not_a_plugin_module` when the entry cannot be JavaScript.
 */
export async function analyse(entry: string, files: AnalysedFiles): Promise<Analysis> {
  const warnings: string[] = [];
  if (!SCRIPT.test(entry)) {
    return {
      externals: [],
      exports: [],
      warnings: [`${entry} is not a JavaScript file: no app can import it`],
    };
  }
  await init();
  const externals = new Set<string>();
  const modules = new Map<string, Module>();
  const queue = [entry];
  let bytes = 0;
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (modules.has(path)) continue;
    const source = await files.read(path);
    bytes += source.length;
    if (bytes > ANALYSED_BYTES) {
      warnings.push(`only the first ${ANALYSED_BYTES} bytes of JavaScript were analysed`);
      break;
    }
    const code = source.toString("utf8");
    const lexed = lex(path, code, path === entry, warnings);
    const [imports, exports, , isModule] = lexed;
    const stars: string[] = [];
    let isOpen = false;
    for (const found of imports) {
      const specifier = literalSpecifier(found);
      if (specifier === undefined) continue;
      if (isBare(specifier)) externals.add(specifier);
      isOpen ||= found.type === "reexport-star" && !specifier.startsWith(".");
      const target = resolveRelative(path, specifier);
      if (target === undefined) continue;
      if (!files.paths.has(target)) {
        warnings.push(`${path} imports ${specifier}, which the archive does not have`);
      } else if (SCRIPT.test(target)) {
        queue.push(target);
        if (found.type === "reexport-star") stars.push(target);
      }
    }
    modules.set(path, { names: exportedNames(exports), stars, isOpen, isModule });
    warnings.push(...missingSourceMap(path, code, files.paths));
  }
  const exports = allNames(entry, modules);
  warnings.push(...entryWarnings(entry, exports, modules, files.paths));
  return { externals: [...externals].sort(), exports, warnings };
}

function lex(path: string, code: string, isEntry: boolean, warnings: string[]): ReturnType<typeof parse> {
  try {
    return parse(code, path);
  } catch (cause) {
    const why = `${path} is not JavaScript: ${(cause as Error).message}`;
    if (isEntry) throw new Problem(422, "not_a_plugin_module", why, { cause });
    warnings.push(why);
    return [[], [], false, false];
  }
}

/** Undefined for `import.meta`, a computed argument, and a pattern with holes. */
function literalSpecifier(found: Import): string | undefined {
  if (found.type === "import-meta" || (found.type === "dynamic" && found.glob)) return undefined;
  return found.specifier;
}

const isBare = (specifier: string) => !/^(?:\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(specifier);

function resolveRelative(from: string, specifier: string): string | undefined {
  if (!/^\.{1,2}\//.test(specifier)) return undefined;
  const path = specifier.replace(/[?#].*$/, "");
  try {
    return posix.join(posix.dirname(from), decodeURIComponent(path));
  } catch {
    return posix.join(posix.dirname(from), path);
  }
}

const exportedNames = (exports: readonly Export[]) =>
  exports.flatMap((found) => (found.type === "reexport-all" ? [] : [found.name]));

/** The names of a module together with those that it passes on by `export *`. */
function allNames(entry: string, modules: ReadonlyMap<string, Module>): string[] {
  const names = new Set(modules.get(entry)?.names);
  const seen = new Set<string>([entry]);
  const queue = [...(modules.get(entry)?.stars ?? [])];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const module = modules.get(path);
    if (module === undefined || seen.has(path)) continue;
    seen.add(path);
    for (const name of module.names) if (name !== "default") names.add(name);
    queue.push(...module.stars);
  }
  return [...names].sort();
}

function missingSourceMap(path: string, code: string, paths: ReadonlySet<string>): string[] {
  const [, url] = /[#@] sourceMappingURL=(\S+)\s*$/.exec(code.slice(-2000)) ?? [];
  if (url === undefined || /^[a-z][a-z0-9+.-]*:/i.test(url)) return [];
  const target = resolveRelative(path, url.startsWith(".") ? url : `./${url}`);
  if (target === undefined || paths.has(target)) return [];
  return [`${path} names the source map ${url}, which the archive does not have`];
}

function entryWarnings(
  entry: string,
  exports: readonly string[],
  modules: ReadonlyMap<string, Module>,
  paths: ReadonlySet<string>,
): string[] {
  if (modules.get(entry)?.isModule !== true)
    return [`${entry} is not an ES module: it neither imports nor exports`];
  const warnings: string[] = [];
  const isOpen = [...modules.values()].some((module) => module.isOpen);
  if (!exports.includes("initialize") && !isOpen) {
    warnings.push(`${entry} does not export "initialize", which Harmonix apps call`);
  }
  const styles = [...paths].filter((path) => path.endsWith(".css")).sort();
  if (styles.length > 0) {
    const more = styles.length > 1 ? ` (and ${styles.length - 1} more)` : "";
    warnings.push(`${styles[0]}${more} lies beside the ES module, and no app loads it by itself`);
  }
  return warnings;
}
