import { createHash } from "node:crypto";
import { constants, createReadStream, statSync, unlinkSync, utimesSync } from "node:fs";
import { type FileHandle, open, opendir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { invalidError } from "../../core/errors.ts";
import type { BlobStore, StoredBlob } from "./blobs.ts";
import { makeDurableDirectory, syncDirectory } from "./durable.ts";

const DIGEST = /^[0-9a-f]{64}$/;
const SHARD = /^[0-9a-f]{2}$/;

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT";

interface Written extends StoredBlob {
  temporary: string;
}

/**
 * Opens the blob folder: `ab/cd/<sha256>`, with `tmp` for what is still being written. Only one process may use it
 * (see `lockDataDirectory`); what a dead one left half-written is removed.
 */
export async function createBlobStore(directory: string): Promise<BlobStore> {
  const temporaryDirectory = join(directory, "tmp");
  await rm(temporaryDirectory, { recursive: true, force: true });
  await makeDurableDirectory(temporaryDirectory);
  let holds = 0;
  /** Deletions that wait for the last hold to end. */
  const waiting = new Map<string, number>();

  const folderOf = (sha256: string) => join(directory, sha256.slice(0, 2), sha256.slice(2, 4));
  function pathOf(sha256: string): string {
    if (!DIGEST.test(sha256)) throw invalidError(`"${sha256}" is not a sha256 digest`);
    return join(folderOf(sha256), sha256);
  }

  /**
   * Marks an existing blob as stored now, in one turn of the event loop: a deletion that asks for its age comes
   * either before (and the blob is missing here) or after (and spares it).
   */
  function touch(file: string, size: number): boolean {
    try {
      if (statSync(file).size !== size) return false;
      const now = new Date();
      utimesSync(file, now, now);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async function keep(written: Written): Promise<void> {
    const { sha256, size, temporary } = written;
    const file = pathOf(sha256);
    waiting.delete(sha256);
    if (touch(file, size)) {
      await rm(temporary);
    } else {
      await makeDurableDirectory(folderOf(sha256));
      await rename(temporary, file);
    }
    // Also for one that existed: whoever wrote it may not have come this far yet.
    await syncDirectory(folderOf(sha256));
  }

  function remove(sha256: string, storedBefore: number): void {
    const file = pathOf(sha256);
    try {
      if (statSync(file).mtimeMs < storedBefore) unlinkSync(file);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  return {
    async put(source, options = {}) {
      const written = await writeTemporary(temporaryDirectory, source, options.maxBytes);
      try {
        await keep(written);
      } catch (error) {
        await rm(written.temporary, { force: true });
        throw error;
      }
      return { sha256: written.sha256, integrity: written.integrity, size: written.size };
    },
    async open(sha256, range): Promise<Readable> {
      const handle = await open(pathOf(sha256), constants.O_RDONLY);
      return createReadStream("", { fd: handle, ...range });
    },
    read: async (sha256) => readFile(pathOf(sha256)),
    async size(sha256) {
      try {
        return (await stat(pathOf(sha256))).size;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async delete(sha256, options = {}) {
      const storedBefore = options.storedBefore ?? Number.POSITIVE_INFINITY;
      if (holds > 0) waiting.set(sha256, storedBefore);
      else remove(sha256, storedBefore);
    },
    holdDeletes() {
      holds++;
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        if (--holds > 0) return;
        for (const [sha256, storedBefore] of waiting) remove(sha256, storedBefore);
        waiting.clear();
      };
    },
    list: () => listBlobs(directory),
  };
}

async function writeTemporary(
  directory: string,
  source: AsyncIterable<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Written> {
  const temporary = join(directory, crypto.randomUUID());
  const sha256 = createHash("sha256");
  const sha384 = createHash("sha384");
  let size = 0;
  const handle = await open(temporary, "wx", 0o600);
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) {
        throw invalidError(`the content is larger than ${maxBytes} bytes`, { details: { maxBytes } });
      }
      sha256.update(chunk);
      sha384.update(chunk);
      await writeAll(handle, chunk);
    }
    await handle.sync();
    await handle.close();
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
  return {
    temporary,
    sha256: sha256.digest("hex"),
    integrity: `sha384-${sha384.digest("base64")}`,
    size,
  };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    offset += (await handle.write(chunk, offset)).bytesWritten;
  }
}

async function* listBlobs(directory: string): ReturnType<BlobStore["list"]> {
  for await (const first of await opendir(directory)) {
    if (!first.isDirectory() || !SHARD.test(first.name)) continue;
    for await (const second of await opendir(join(directory, first.name))) {
      if (!second.isDirectory() || !SHARD.test(second.name)) continue;
      const folder = join(directory, first.name, second.name);
      for await (const entry of await opendir(folder)) {
        if (!DIGEST.test(entry.name)) continue;
        const found = await stat(join(folder, entry.name)).catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        });
        if (found) yield { sha256: entry.name, size: found.size, storedAt: found.mtimeMs };
      }
    }
  }
}
