import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cosmiconfig, defaultLoaders } from "cosmiconfig";
import { configError } from "../core/errors.ts";
import { type ConfigFile, parseConfigFile } from "./file.ts";

const SEARCH_PLACES = [
  "package.json",
  ".plugctlrc",
  ".plugctlrc.json",
  ".plugctlrc.yaml",
  ".plugctlrc.yml",
  ".config/plugctlrc",
  ".config/plugctlrc.json",
  ".config/plugctlrc.yaml",
  ".config/plugctlrc.yml",
  "plugctl.config.json",
  "plugctl.config.yaml",
];

/**
 * Finds the project's configuration from `cwd` upwards, not past the repository's root. Data only: a file that is
 * a program, or that imports one, is refused, so that a cloned repository cannot run code here.
 */
export async function findProjectConfig(cwd: string): Promise<ConfigFile | undefined> {
  let found: ConfigFile | undefined;
  const data = (path: string, content: string) => {
    found = parseConfigFile(path, content, "project");
    return found.data;
  };
  const program = (path: string): never => {
    throw configError(`${path} is a program; plugctl reads configuration as YAML or JSON only`);
  };
  const explorer = cosmiconfig("plugctl", {
    searchPlaces: SEARCH_PLACES,
    searchStrategy: "none",
    loaders: {
      noExt: data,
      ".yaml": data,
      ".yml": data,
      ".json": (path, content) =>
        path.endsWith("package.json") ? defaultLoaders[".json"](path, content) : data(path, content),
      ".js": program,
      ".mjs": program,
      ".cjs": program,
      ".ts": program,
    },
  });
  for (const folder of foldersUpwards(cwd)) {
    const result = await explorer.search(folder);
    if (result === null || result.isEmpty === true) continue;
    if (result.filepath.endsWith("package.json")) {
      return parseConfigFile(result.filepath, await readFile(result.filepath, "utf8"), "project");
    }
    return found;
  }
  return undefined;
}

/** `cwd` and its parents up to the root of the repository; only `cwd` itself outside of one. */
function foldersUpwards(cwd: string): string[] {
  const folders = [cwd];
  for (let folder = cwd; ; ) {
    if (existsSync(join(folder, ".git"))) return folders;
    const parent = dirname(folder);
    if (parent === folder) return [cwd];
    folders.push(parent);
    folder = parent;
  }
}
