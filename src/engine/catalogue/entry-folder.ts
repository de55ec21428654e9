import { promises as fs } from "node:fs";
import { join, sep } from "node:path";
import { invalidError, notFoundError } from "../../core/errors.ts";
import { parseEntry } from "../../core/marketplace/entry.ts";
import { relativePath } from "../../core/marketplace/location.ts";
import { hexDigest } from "./cache-folder.ts";
import type { CatalogueEntry } from "./catalogue.ts";

/** Bytes; the largest real one is 613 kB. */
const MANIFEST_BYTES = 8 * 1024 * 1024;
const ASSET_BYTES = 32 * 1024 * 1024;

/**
 * The entry in a folder with a `plugin.json`.
 * @param directory the folder's path within its catalogue; undefined for a folder that stands by itself.
 * @throws NOT_FOUND without a plugin.json, INVALID naming what is wrong in it.
 */
export async function readEntryFolder(folder: string, directory?: string): Promise<CatalogueEntry> {
  const bytes = await readBelow(folder, "plugin.json", MANIFEST_BYTES);
  const entry = parseEntry(parseJson(bytes, join(directory ?? folder, "plugin.json")), { directory });
  const text = async (names: readonly string[]) => {
    const found = await findFile(folder, names);
    return found === undefined
      ? null
      : Buffer.from(await readBelow(folder, found, ASSET_BYTES)).toString("utf8");
  };
  return {
    entry,
    manifestDigest: `sha256:${hexDigest(bytes)}`,
    readme: () => text(["readme.md", "readme"]),
    changelog: () => text(["changelog.md", "changelog"]),
    asset: (path) => readBelow(folder, path, ASSET_BYTES),
    folder: async () => folder,
  };
}

/** JSON of a file. @throws INVALID with the parser's words. */
export function parseJson(bytes: Uint8Array, label: string): unknown {
  try {
    return JSON.parse(
      Buffer.from(bytes)
        .toString("utf8")
        .replace(/^\uFEFF/, ""),
    );
  } catch (cause) {
    // The parser quotes the text around the fault, which may be long.
    const message = (cause as SyntaxError).message.slice(0, 200);
    throw invalidError(`${label} is not JSON: ${message}`, { cause });
  }
}

/** Names of files differ in case from author to author. */
async function findFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  const present = await fs.readdir(folder);
  return names
    .map((name) => present.find((file) => file.toLowerCase() === name))
    .find((file) => file !== undefined);
}

/** A regular file below a folder, wherever symbolic links on the way lead. */
async function readBelow(folder: string, path: string, limitBytes: number): Promise<Uint8Array> {
  const relative = relativePath(path);
  if (relative === null) throw invalidError(`"${path.slice(0, 300)}" is not a path within a plugin's folder`);
  try {
    const root = await fs.realpath(folder);
    const real = await fs.realpath(join(root, relative));
    if (!real.startsWith(root + sep)) throw invalidError(`${join(folder, relative)} leads out of its folder`);
    const file = await fs.open(real, "r");
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw notFoundError(`${join(folder, relative)} is not a file`);
      if (stat.size > limitBytes) {
        throw invalidError(`${join(folder, relative)} is larger than ${limitBytes} bytes`);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw notFoundError(`there is no ${relative} in ${folder}`, { cause: error });
    }
    throw error;
  }
}
