import { readFileSync } from "node:fs";
import { join } from "node:path";
import { notFoundError } from "../core/errors.ts";
import type { Kind } from "../core/plugin.ts";
import { withFolderLock, writeFileAtomic } from "./atomic-file.ts";
import type { Edit } from "./edit-yaml.ts";
import { type ConfigFile, type ConfigOrigin, parseConfigFile, readConfigFile } from "./file.ts";
import { projectFolders } from "./project-folders.ts";
import type { TargetConfig } from "./schema.ts";

/** A configured target, by name, with the file that defined it. */
export interface Target extends TargetConfig {
  name: string;
  kind: Kind;
  origin: ConfigOrigin;
}

/** The configuration files of a run; the project's win over the user's, key by key and target by target. */
export class Config {
  /** Project first, then user; each only if it exists. */
  readonly files: readonly ConfigFile[];
  readonly userPath: string;
  readonly #folder: string;

  private constructor(files: readonly ConfigFile[], folder: string) {
    this.files = files;
    this.#folder = folder;
    this.userPath = join(folder, "config.yaml");
  }

  /** @throws CONFIG when a file does not fit the schema, naming file, line and key. */
  static async load(options: { folder: string; cwd: string }): Promise<Config> {
    const user = await readConfigFile(join(options.folder, "config.yaml"), "user");
    const project = await findProjectConfig(options.cwd);
    return new Config(
      [project, user].filter((file) => file !== undefined),
      options.folder,
    );
  }

  /** All targets, sorted by name. */
  targets(): Target[] {
    const targets = new Map<string, Target>();
    for (const file of [...this.files].reverse()) {
      for (const [name, target] of Object.entries(file.data.targets ?? {})) {
        targets.set(name, { ...target, name, origin: file.origin });
      }
    }
    return [...targets.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** @throws NOT_FOUND listing the targets that exist. */
  target(name: string): Target {
    const targets = this.targets();
    const found = targets.find((target) => target.name === name);
    if (found !== undefined) return found;
    throw notFoundError(`no target is called "${name}"`, {
      hint:
        targets.length > 0
          ? `targets: ${targets.map((target) => target.name).join(", ")}`
          : "plugctl target add creates one; plugctl serve offers ready-made ones",
    });
  }

  /**
   * Changes the user's file under a lock, keeping its comments and unknown order. The result is checked before it
   * replaces the file.
   */
  async editUser(edits: readonly Edit[]): Promise<void> {
    const { editYaml } = await import("./edit-yaml.ts");
    await withFolderLock(this.#folder, async () => {
      const text = editYaml(readIfThere(this.userPath), edits);
      await parseConfigFile(this.userPath, text, "user");
      await writeFileAtomic(this.userPath, text);
    });
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** The search library is loaded only where there is something to find. */
async function findProjectConfig(cwd: string): Promise<ConfigFile | undefined> {
  const folders = projectFolders(cwd);
  if (folders.length === 0) return undefined;
  const { searchProjectConfig } = await import("./project-search.ts");
  return searchProjectConfig(folders);
}
