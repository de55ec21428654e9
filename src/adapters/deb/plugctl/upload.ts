import { createReadStream } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { invalidError } from "../../../core/errors.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import type { ServerClient, UploadedFile } from "./client.ts";

/** First bytes of every `.deb`. */
const AR_MAGIC = "!<arch>\n";

/** Sends a folder with a plugin in it, or a package. @returns the id that a task takes. @throws INVALID. */
export async function upload(
  server: ServerClient,
  path: string,
  { progress, signal }: { progress: ProgressListener; signal: AbortSignal },
): Promise<string> {
  const found = await lstat(path).catch((cause) => {
    throw invalidError(`there is no folder or file ${path}`, { cause });
  });
  const onSent = (done: number) =>
    progress({
      phase: "uploading",
      message: `uploading ${path}`,
      ...{ done, unit: "bytes", ...(found.isFile() ? { total: found.size } : {}) },
    });
  const file = found.isDirectory()
    ? await folderArchive(path, signal)
    : await packageFile(path, found.size, signal);
  return (await server.upload({ ...file, onSent })).id;
}

type Body = Omit<UploadedFile, "onSent">;

async function packageFile(path: string, sizeBytes: number, signal: AbortSignal): Promise<Body> {
  await using file = await open(path).catch((cause) => {
    throw invalidError(`cannot read ${path}`, { cause });
  });
  const { buffer } = await file.read(Buffer.alloc(AR_MAGIC.length), 0, AR_MAGIC.length, 0);
  if (buffer.toString("latin1") !== AR_MAGIC) {
    throw invalidError(`${path} is no Debian package`, {
      hint: "a .deb file can be installed, or a folder with a wazo/plugin.yml",
    });
  }
  return {
    body: createReadStream(path, { signal }),
    contentType: "application/vnd.debian.binary-package",
    sizeBytes,
  };
}

/** A folder as a tar archive: everything but what belongs to version control, links and executable bits included. */
async function folderArchive(folder: string, signal: AbortSignal): Promise<Body> {
  await lstat(join(folder, "wazo", "plugin.yml")).catch((cause) => {
    throw invalidError(`${folder} has no wazo/plugin.yml`, {
      cause,
      hint: "a plugin is a folder with a wazo/plugin.yml and a wazo/rules",
    });
  });
  const tar = pack();
  const filling = addFolder(tar, folder, "", signal).then(
    () => tar.finalize(),
    (error) => tar.destroy(error),
  );
  async function* body() {
    yield* tar as AsyncIterable<Buffer>;
    await filling;
  }
  return { body: body(), contentType: "application/x-tar", sizeBytes: undefined };
}

/** In the order of names, so that an equal folder gives an equal archive. */
async function addFolder(tar: Pack, folder: string, inside: string, signal: AbortSignal): Promise<void> {
  const names = (await readdir(join(folder, inside))).sort();
  for (const name of names) {
    signal.throwIfAborted();
    if (inside === "" && name === ".git") continue;
    const path = inside === "" ? name : `${inside}/${name}`;
    const source = join(folder, path);
    const file = await lstat(source);
    const header = { name: path, mode: file.mode & 0o777, mtime: file.mtime };
    if (file.isSymbolicLink()) {
      await added(tar, { ...header, type: "symlink", linkname: await readlink(source) });
    } else if (file.isDirectory()) {
      await added(tar, { ...header, type: "directory" });
      await addFolder(tar, folder, path, signal);
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
