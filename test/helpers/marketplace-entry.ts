import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeTempDir } from "./temp-dir.ts";

/** A folder with a marketplace entry and the files beside it. */
export async function makePluginFolder(
  entry: { name: string; version: string; [member: string]: unknown },
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = await makeTempDir();
  const manifest = {
    description: "an entry of a test",
    author: "Test",
    license: "MIT",
    repository: { type: "git", url: "https://example.com/plugins.git", directory: entry.name },
    metadata: {
      name: entry.name,
      description: "an entry of a test",
      category: "development",
      image: "image.png",
    },
    ...entry,
  };
  const all = { "plugin.json": JSON.stringify(manifest), ...files };
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}
