import { createReadStream } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { invalidError } from "../../../core/errors.ts";
import type { ProgressListener } from "../../../core/progress.ts";
import type { ServerClient, UploadedFile } from "./client.ts";
import { type ArchiveOptions, folderArchive, sourceDate } from "./folder-archive.ts";

/** First bytes of every `.deb`. */
const AR_MAGIC = "!<arch>\n";

/** Sends a folder with a plugin in it, or a package. @returns the id that a task takes. @throws INVALID. */
export async function upload(
  server: ServerClient,
  path: string,
  { progress, signal, env }: { progress: ProgressListener; signal: AbortSignal; env: NodeJS.ProcessEnv },
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
    ? await folderUpload(path, { signal, latest: sourceDate(env) })
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

async function folderUpload(folder: string, options: ArchiveOptions): Promise<Body> {
  const body = await folderArchive(folder, options);
  return { body, contentType: "application/x-tar", sizeBytes: undefined };
}
