import { randomBytes } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { syncDirectory } from "./journal.ts";

const FORMAT = 1;

const metaSchema = z.object({
  format: z.literal(FORMAT),
  clusterId: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
});

/**
 * The id of the cluster that a data directory holds, made at its first use.
 * @throws when `meta.json` is damaged or of a later format
 */
export async function openClusterId(directory: string): Promise<string> {
  const file = join(directory, "meta.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return readClusterId(file, text);
  const clusterId = randomBytes(16).toString("base64url");
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ format: FORMAT, clusterId })}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  await syncDirectory(directory);
  return clusterId;
}

function readClusterId(file: string, text: string): string {
  try {
    return metaSchema.parse(JSON.parse(text)).clusterId;
  } catch (cause) {
    throw new Error(`${file} is damaged, or of a later version of this program`, { cause });
  }
}
