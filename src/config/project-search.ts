import { readFileSync } from "node:fs";
import { Explorer } from "cosmiconfig/dist/Explorer.js";
import { configError } from "../core/errors.ts";
import { type ConfigFile, parseConfigFile } from "./file.ts";
import { PROJECT_FILES } from "./project-folders.ts";

/**
 * Reads the first configuration in these folders. Data only: a file that is a program, or that imports one, is
 * refused, so that a cloned repository cannot run code here.
 */
export async function searchProjectConfig(folders: readonly string[]): Promise<ConfigFile | undefined> {
  let found: ConfigFile | undefined;
  const data = async (path: string, content: string) => {
    found = await parseConfigFile(path, content, "project");
    return found.data;
  };
  const program = (path: string): never => {
    throw configError(`${path} is a program; plugctl reads configuration as YAML or JSON only`);
  };
  // Not `cosmiconfig()`: that first looks for settings of its own in the working directory, and on the way runs a
  // `.config/config.js` that lies there.
  const explorer = new Explorer({
    moduleName: "plugctl",
    metaConfigFilePath: null,
    searchPlaces: [...PROJECT_FILES],
    searchStrategy: "none",
    ignoreEmptySearchPlaces: true,
    cache: false,
    mergeImportArrays: true,
    mergeSearchPlaces: false,
    transform: (result) => result,
    loaders: {
      noExt: data,
      ".yaml": data,
      ".yml": data,
      ".json": (path, content) =>
        path.endsWith("package.json") ? parsePackageJson(path, content) : data(path, content),
      ".js": program,
      ".mjs": program,
      ".cjs": program,
      ".ts": program,
    },
  });
  for (const folder of folders) {
    const result = await explorer.search(folder);
    if (result === null || result.isEmpty === true) continue;
    if (!result.filepath.endsWith("package.json")) return found;
    const file = await parseConfigFile(result.filepath, readFileSync(result.filepath, "utf8"), "project");
    // The key may hold the manifest of a plugin and nothing of ours; the search goes on then.
    if (Object.keys(file.data).length > 0) return file;
  }
  return undefined;
}

function parsePackageJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw configError(`${path} is not JSON: ${(cause as SyntaxError).message}`, { cause });
  }
}
