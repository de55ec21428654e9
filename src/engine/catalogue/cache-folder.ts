import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";

export const hexDigest = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** Stands for a text in the name of a file. */
export const shortHash = (text: string) => hexDigest(text).slice(0, 24);

export const exists = (path: string) =>
  fs.access(path).then(
    () => true,
    () => false,
  );

/** Gives a finished folder its name; somebody else may have been quicker with the same content. */
export async function settle(temporary: string, folder: string): Promise<void> {
  await fs.rename(temporary, folder).catch(async (error: unknown) => {
    if (!(await exists(folder))) throw error;
  });
}
