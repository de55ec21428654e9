import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configSchema } from "./schema.ts";

/** Names under which a folder may hold the project's configuration, in the order in which they are looked for. */
export const PROJECT_FILES = [
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
] as const;

/** The folders from `cwd` up to the root of its repository (only `cwd` outside of one) that have such a file. */
export function projectFolders(cwd: string): string[] {
  return foldersUpwards(cwd).filter((folder) =>
    PROJECT_FILES.some((name) => {
      const path = join(folder, name);
      return existsSync(path) && (name !== "package.json" || mayConfigure(path));
    }),
  );
}

/** Nearly every folder of a program has a package.json, and hardly any has settings of ours in it. */
function mayConfigure(packageFile: string): boolean {
  try {
    const { plugctl } = JSON.parse(readFileSync(packageFile, "utf8").replace(/^\uFEFF/, ""));
    if (typeof plugctl !== "object" || plugctl === null) return plugctl !== undefined;
    return Object.keys(plugctl).some((key) => key in configSchema.shape);
  } catch {
    // The search says what is wrong with it.
    return true;
  }
}

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
