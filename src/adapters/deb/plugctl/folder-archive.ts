import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { invalidError, usageError } from "../../../core/errors.ts";

export interface ArchiveOptions {
  signal: AbortSignal;
  /** Files are no newer, so that a checkout of today gives what one of yesterday gave. */
  latest?: Date | undefined;
}

/** `SOURCE_DATE_EPOCH` (reproducible-builds.org), if it is set. @throws USAGE when it is no time. */
export function sourceDate(env: NodeJS.ProcessEnv): Date | undefined {
  const text = env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,11}$/.test(text)) return new Date(Number(text) * 1000);
  throw usageError(`SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, which is no number of seconds since 1970`);
}

/**
 * A folder as a tar archive: everything but what belongs to version control, links and executable bits included.
 * @throws INVALID for a folder that holds no plugin, at once or while it is read.
 */
export async function folderArchive(
  folder: string,
  { signal, latest }: ArchiveOptions,
): Promise<AsyncIterable<Uint8Array>> {
  await lstat(join(folder, "wazo", "plugin.yml")).catch((cause) => {
    throw invalidError(`${folder} has no wazo/plugin.yml`, {
      cause,
      hint: "a plugin is a folder with a wazo/plugin.yml and a wazo/rules",
    });
  });
  const tar = pack();
  const filling = addFolder(tar, folder, "", { signal, latest }).then(
    () => tar.finalize(),
    (error) => tar.destroy(error),
  );
  async function* body() {
    yield* tar as AsyncIterable<Buffer>;
    await filling;
  }
  return body();
}

/** In the order of names, so that an equal folder gives an equal archive. */
async function addFolder(tar: Pack, folder: string, inside: string, options: ArchiveOptions): Promise<void> {
  const names = (await readdir(join(folder, inside))).sort();
  for (const name of names) {
    options.signal.throwIfAborted();
    if (inside === "" && name === ".git") continue;
    const path = inside === "" ? name : `${inside}/${name}`;
    const source = join(folder, path);
    const file = await lstat(source);
    const mtime = new Date(Math.min(file.mtimeMs, options.latest?.getTime() ?? file.mtimeMs));
    const header = { name: path, mode: file.mode & 0o777, mtime };
    if (file.isSymbolicLink()) {
      await added(tar, { ...header, type: "symlink", linkname: await readlink(source) });
    } else if (file.isDirectory()) {
      await added(tar, { ...header, type: "directory" });
      await addFolder(tar, folder, path, options);
    } else if (file.isFile()) {
      await pipeline(createReadStream(source), tar.entry({ ...header, size: file.size }));
    } else {
      throw invalidError(`${source} is no file, folder or link, and cannot be sent`);
    }
  }
}

const added = (tar: Pack, header: Parameters<Pack["entry"]>[0]): Promise<void> =>
  new Promise((resolve, reject) => {
    tar.entry(header, (error) => (error ? reject(error) : resolve()));
  });
