import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The text of a plugin.json. */
export const pluginFile = (name: string, version = "1.0.0", rest: object = {}) =>
  JSON.stringify({ name, version, description: `${name} for tests`, ...rest });

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
