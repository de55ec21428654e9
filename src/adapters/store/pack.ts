import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { invalidError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import { byPath, type FileDigest } from "./digest.ts";
import { checkEntry } from "./entry.ts";
import { listFiles } from "./file-list.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { openNameless, type PackageArchive, readWhole } from "./package-archive.ts";

/** npm's own: equal content gives equal archives, and some tools refuse times before 1980. */
const MTIME = new Date("1985-10-26T08:15:00.000Z");

/**
 * Packs a folder as `npm pack` would into a nameless temporary file.
 * @throws INVALID for a folder that is no plugin; the signal's reason.
 */
export async function packFolder(
  folder: string,
  progress: ProgressListener,
  signal: AbortSignal,
): Promise<PackageArchive> {
  const manifest = await readManifest(folder);
  const paths = (await listFiles(folder, manifest)).map((source) => ({
    source,
    path: source.normalize("NFC"),
  }));
  checkEntry(manifest, new Set(paths.map(({ path }) => path)));
  const output = await openNameless();
  try {
    const files: FileDigest[] = [];
    const archive = await writeArchive(output, async (tar) => {
      for (const { source, path } of paths.sort(byPath)) {
        signal.throwIfAborted();
        files.push(await addFile(tar, join(folder, source), path));
        progress({
          phase: "packing",
          message: `packing ${manifest.name} ${manifest.version}`,
          done: files.length,
          total: paths.length,
          unit: "files",
        });
      }
    });
    return {
      manifest,
      files,
      contentType: "application/gzip",
      ...archive,
      read: () => readWhole(output),
      [Symbol.asyncDispose]: () => output.close(),
    };
  } catch (error) {
    await output.close();
    throw error;
  }
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, "package.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw invalidError(missing ? `${folder} has no package.json` : `cannot read ${path}`, {
      cause,
      hint: missing ? "a plugin is a folder with a package.json, or a tarball of one" : undefined,
    });
  }
  return parseManifest(text, path);
}

async function writeArchive(
  output: FileHandle,
  fill: (tar: Pack) => Promise<void>,
): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const tar = pack();
  const writing = pipeline(tar, createGzip({ level: 9 }), async (packed: AsyncIterable<Buffer>) => {
    for await (const chunk of packed) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await output.appendFile(chunk);
    }
  });
  try {
    // Whichever fails first ends the other: a full disk would leave `fill` waiting for ever.
    await Promise.race([fill(tar), writing]);
    tar.finalize();
    await writing;
  } catch (error) {
    tar.destroy();
    await writing.catch(() => {});
    throw error;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

async function addFile(tar: Pack, source: string, path: string): Promise<FileDigest> {
  // A file that became a link since it was listed is not followed.
  const file = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause) => {
    throw invalidError(`cannot read ${source}`, { cause });
  });
  try {
    const { size } = await file.stat();
    const hash = createHash("sha256");
    const entry = tar.entry({ name: `package/${path}`, size, mode: 0o644, mtime: MTIME, uid: 0, gid: 0 });
    let read = 0;
    for await (const chunk of readWhole(file)) {
      read += chunk.length;
      if (read > size) break;
      hash.update(chunk);
      if (!entry.write(chunk)) await once(entry, "drain");
    }
    if (read !== size) throw invalidError(`${source} changed while it was being packed`);
    entry.end(null);
    return { path, size, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}
