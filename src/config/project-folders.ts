import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

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
  return foldersUpwards(cwd).filter((folder) => PROJECT_FILES.some((name) => existsSync(join(folder, name))));
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
