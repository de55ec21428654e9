import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import {
  DESCRIPTION_FILE,
  DESCRIPTION_LIMIT,
  readDescription,
  unreadable,
} from "../../../core/deb/read-description.ts";
import type { FetchedTree } from "./source.ts";

/** Reads the description of a plugin that was fetched. @throws INVALID as `readDescription`. */
export async function describeTree(
  tree: FetchedTree,
  options: { wazoVersion: string | undefined },
): Promise<PluginDescription> {
  return readDescription(await readText(join(tree.folder, DESCRIPTION_FILE)), options);
}

async function readText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw unreadable("there is no such file, so this is no Wazo plugin", error);
  });
  try {
    const { size } = await file.stat();
    if (size > 4 * DESCRIPTION_LIMIT) throw unreadable(`it is larger than ${4 * DESCRIPTION_LIMIT} bytes`);
    return await file.readFile("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR") throw unreadable("it is a folder", error);
    throw error;
  } finally {
    await file.close();
  }
}
