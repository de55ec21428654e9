import { promises as fs } from "node:fs";
import { dirname, join } from "node:path";
import { invalidError, notFoundError, verificationError } from "../../core/errors.ts";
import type { Entry } from "../../core/marketplace/entry.ts";
import { exists, hexDigest, settle, shortHash } from "./cache-folder.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import { download, type Fetch } from "./http-client.ts";
import type { IndexFile, IndexItem } from "./index-format.ts";

/** Bytes of all files of an entry. */
const ENTRY_LIMIT = 256 * 1024 * 1024;

interface EntryOrigin {
  /** Address of the index. */
  index: URL;
  /** Where downloaded entries are kept. */
  folder: string;
  fetch: Fetch;
}

/**
 * An entry of an index, with its files fetched when they are asked for and checked against the index's digests.
 * @throws INVALID when its files would be on another server than the index that vouches for them.
 */
export function openIndexEntry(item: IndexItem, entry: Entry, origin: EntryOrigin): CatalogueEntry {
  const base = URL.parse(
    `${(item.base ?? entry.directory ?? entry.name).replace(/\/+$/, "")}/`,
    origin.index.href,
  );
  if (base === null || base.origin !== origin.index.origin) {
    throw invalidError(`the index ${origin.index.href}: the base of ${entry.name} is not on the same server`);
  }
  const manifest = Buffer.from(JSON.stringify(item.plugin_file));
  const files = item.files ?? [];
  const read = (file: IndexFile) => readFile(base, file, origin.fetch);
  const text = async (name: string) => {
    const file = files.find(({ path }) => path.toLowerCase() === name);
    return file === undefined ? null : Buffer.from(await read(file)).toString("utf8");
  };
  return {
    entry,
    manifestDigest: `sha256:${hexDigest(manifest)}`,
    readme: () => text("readme.md"),
    changelog: () => text("changelog.md"),
    asset: async (path) => {
      const file = files.find((one) => one.path === path);
      if (file === undefined)
        throw notFoundError(`there is no ${path} in ${entry.name} of ${origin.index.href}`);
      return read(file);
    },
    folder: () => {
      const total = files.reduce((sum, { size }) => sum + size, 0);
      if (total > ENTRY_LIMIT) {
        throw invalidError(
          `${entry.name} of ${origin.index.href} is larger than the limit of ${ENTRY_LIMIT} bytes`,
        );
      }
      const digest = shortHash(JSON.stringify([hexDigest(manifest), files]));
      return materialise(join(origin.folder, `${entry.name}-${digest}`), manifest, files, read);
    },
  };
}

async function readFile(base: URL, { path, size, sha256 }: IndexFile, fetch: Fetch): Promise<Uint8Array> {
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
  const file = await download(fetch, url, { limitBytes: size });
  const actual = file === null ? null : hexDigest(file.bytes);
  if (file === null || actual !== sha256) {
    throw verificationError(`${url.href} is not the file that the index names`, {
      details: { expected: sha256, actual },
    });
  }
  return file.bytes;
}

/** All files of an entry in a folder that is there whole or not at all. */
async function materialise(
  folder: string,
  manifest: Uint8Array,
  files: readonly IndexFile[],
  read: (file: IndexFile) => Promise<Uint8Array>,
): Promise<string> {
  if (await exists(folder)) return folder;
  await fs.mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const temporary = await fs.mkdtemp(`${folder}-`);
  try {
    for (const file of files) {
      const target = join(temporary, file.path);
      await fs.mkdir(dirname(target), { recursive: true });
      await fs.writeFile(target, await read(file), { flag: "wx" });
    }
    await fs.writeFile(join(temporary, "plugin.json"), manifest);
    await settle(temporary, folder);
    return folder;
  } finally {
    await fs.rm(temporary, { recursive: true, force: true });
  }
}
