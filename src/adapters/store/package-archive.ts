import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileDigest } from "./digest.ts";
import type { Manifest } from "./manifest.ts";

/** A plugin ready for upload. */
export interface PackageArchive {
  manifest: Manifest;
  /** The content, sorted by path. */
  files: FileDigest[];
  contentType: "application/gzip" | "application/x-tar";
  sizeBytes: number;
  /** Of the archive's bytes, in hex. */
  sha256: string;
  /** From the first byte on, at every call. */
  read(): AsyncIterable<Uint8Array>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The bytes of an open file from the first on, without closing it. */
export const readWhole = (file: FileHandle): AsyncIterable<Uint8Array> =>
  file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 });

/** A file that has no name any more, so that nothing stays behind however the process ends. */
export async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `plugctl-${randomUUID()}`);
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  await unlink(path);
  return file;
}
