import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { invalidError, isPlugctlError } from "../../core/errors.ts";
import { byPath, type FileDigest } from "./digest.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { type PackageArchive, readWhole } from "./package-archive.ts";

const MANIFEST_BYTES = 1024 * 1024;

/**
 * Opens a tarball for upload as it is, after reading it once.
 * @throws INVALID when it is no tar archive (gzip'd or not) of a plugin.
 */
export async function openTarball(path: string, signal: AbortSignal): Promise<PackageArchive> {
  const file = await open(path, "r").catch((cause) => {
    throw invalidError(`cannot read ${path}`, { cause });
  });
  try {
    const magic = Buffer.alloc(2);
    await file.read(magic, 0, 2, 0);
    const gzip = magic.equals(Buffer.from([0x1f, 0x8b]));
    const digest = createHash("sha256");
    let sizeBytes = 0;
    async function* measured() {
      for await (const chunk of readWhole(file)) {
        digest.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    }
    const content = await readContent(measured(), gzip, path, signal);
    return {
      ...content,
      contentType: gzip ? "application/gzip" : "application/x-tar",
      sizeBytes,
      sha256: digest.digest("hex"),
      read: () => readWhole(file),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readContent(
  bytes: AsyncIterable<Uint8Array>,
  gzip: boolean,
  label: string,
  signal: AbortSignal,
): Promise<{ files: FileDigest[]; manifest: Manifest }> {
  const tar = extract();
  const source = Readable.from(bytes);
  const feeding = gzip ? pipeline(source, createGunzip(), tar) : pipeline(source, tar);
  // A failure surfaces in the loop below; this only keeps the second report of it from being unhandled.
  feeding.catch(() => {});
  const files: FileDigest[] = [];
  const manifests = new Map<string, string>();
  try {
    for await (const entry of tar) {
      signal.throwIfAborted();
      const { name, type, size } = entry.header as Header;
      if (type === "directory") {
        entry.resume();
        continue;
      }
      if (type !== "file") {
        throw invalidError(`${label}: ${name} is no regular file, and only those can be published`);
      }
      const path = name.normalize("NFC");
      const kept = isManifestPlace(path) && size <= MANIFEST_BYTES ? ([] as Buffer[]) : undefined;
      const hash = createHash("sha256");
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        hash.update(chunk);
        kept?.push(chunk);
      }
      files.push({ path, size: size ?? 0, sha256: hash.digest("hex") });
      if (kept !== undefined) manifests.set(path, Buffer.concat(kept).toString("utf8"));
    }
    await feeding;
  } catch (error) {
    if (isPlugctlError(error)) throw error;
    throw invalidError(`${label} is not a tar archive, or is damaged: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const top = topFolder(files.map(({ path }) => path));
  const manifest = manifests.get(`${top}package.json`);
  if (manifest === undefined) {
    throw invalidError(
      `${label}: ${whyNoManifest(
        files.map(({ path }) => path),
        [...manifests.keys()],
      )}`,
      {
        hint: "npm pack makes an archive as it is wanted here",
      },
    );
  }
  return {
    manifest: parseManifest(manifest, `${label}: package.json`),
    files: files.map((file) => ({ ...file, path: file.path.slice(top.length) })).sort(byPath),
  };
}

const isManifestPlace = (path: string) => /^(?:[^/]+\/)?package\.json$/.test(path);

function whyNoManifest(paths: readonly string[], manifests: readonly string[]): string {
  if (paths.length === 0) return "the archive is empty";
  const folder = manifests[0]?.slice(0, -"package.json".length);
  const stray = paths.find((path) => folder !== undefined && !path.startsWith(folder));
  return stray === undefined
    ? "the archive holds no package.json at its top"
    : `${stray} lies outside of the archive's folder ${folder}`;
}

/** The folder, with its slash, that holds everything (`package/` in npm's tarballs): it is not part of the paths. */
function topFolder(paths: readonly string[]): string {
  const first = paths[0] ?? "";
  const top = first.slice(0, first.indexOf("/") + 1);
  if (top === "" || !paths.includes(`${top}package.json`)) return "";
  return paths.every((path) => path.startsWith(top)) ? top : "";
}
