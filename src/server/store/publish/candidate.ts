import { Problem } from "../../http/problem.ts";
import type { Archive, ArchiveFile } from "../archive/archive.ts";
import { readArchive } from "../archive/archive.ts";
import type { Scratch } from "../archive/scratch.ts";
import { contentType } from "../content-type.ts";
import { analyse } from "../manifest/analysis.ts";
import { findEntry } from "../manifest/entry.ts";
import { type Manifest, manifestProblem, parseManifest } from "../manifest/manifest.ts";
import type { ArchiveLimits } from "../settings.ts";
import { treeSha256 } from "./tree.ts";

const MANIFEST = "package.json";
const MANIFEST_BYTES = 256 * 1024;

export interface CandidateFile extends ArchiveFile {
  /** Media type. */
  type: string;
  /** Whether the CDN offers it. */
  served: boolean;
}

/** An upload that holds everything a version needs; nothing of it is stored yet. */
export interface Candidate {
  plugin: string;
  version: string;
  manifest: Manifest;
  entry: CandidateFile;
  files: CandidateFile[];
  sizeBytes: number;
  treeSha256: string;
  archiveSha256: string;
  externals: string[];
  exports: string[];
  warnings: string[];
}

/**
 * Reads an upload into the scratch and checks all that can be checked without asking who sent it.
 * @param digest sha256 (hex) that the client states for the archive.
 * @throws Problem, see `readArchive`, `parseManifest`, `findEntry` and `analyse`; 422 `digest_mismatch`;
 *   400 `missing_file` without a package.json.
 */
export async function examineUpload(
  source: AsyncIterable<Uint8Array>,
  scratch: Scratch,
  limits: ArchiveLimits,
  digest: string | undefined,
): Promise<Candidate> {
  const archive = await readArchive(source, scratch, limits);
  if (digest !== undefined && digest !== archive.sha256) {
    throw new Problem(422, "digest_mismatch", "the upload is not what its digest says; send it again", {
      extra: { stated: digest, actual: archive.sha256 },
    });
  }
  const { manifest, warnings } = await readManifest(archive, scratch);
  const byPath = new Map(archive.files.map((file) => [file.path, file]));
  const paths = new Set(byPath.keys());
  const entryPath = findEntry(manifest, paths);
  const analysis = await analyse(entryPath, {
    paths,
    read: (path) => {
      const file = byPath.get(path);
      return file ? scratch.bytes(file.offset, file.size) : Promise.resolve(Buffer.alloc(0));
    },
  });
  const offered = offeredFiles(manifest, paths);
  const files = archive.files.map((file) => ({
    ...file,
    type: contentType(file.path),
    served: file.path !== MANIFEST || offered.has(file.path) || file.path === entryPath,
  }));
  const entry = files.find((file) => file.path === entryPath);
  if (entry === undefined) throw new Error(`the entry ${entryPath} is not among the files`);
  return {
    plugin: manifest.name,
    version: manifest.version,
    manifest,
    entry,
    files,
    sizeBytes: files.reduce((sum, file) => sum + file.size, 0),
    treeSha256: treeSha256(files),
    archiveSha256: archive.sha256,
    externals: analysis.externals,
    exports: analysis.exports,
    warnings: [...warnings, ...analysis.warnings],
  };
}

async function readManifest(archive: Archive, scratch: Scratch) {
  const file = archive.files.find(({ path }) => path === MANIFEST);
  if (file === undefined) {
    throw new Problem(
      400,
      "missing_file",
      "the archive has no package.json at its top, or in its one top folder",
    );
  }
  if (file.size > MANIFEST_BYTES) {
    throw new Problem(413, "file_too_large", `package.json is larger than ${MANIFEST_BYTES} bytes`);
  }
  return parseManifest((await scratch.bytes(file.offset, file.size)).toString("utf8"));
}

/** Files that are offered only because `plugctl.files` names them. */
function offeredFiles(manifest: Manifest, paths: ReadonlySet<string>): Set<string> {
  const stated = (manifest.plugctl.files ?? []).map((path) => path.replace(/^\.\//, ""));
  const missing = stated.flatMap((path, index) =>
    paths.has(path)
      ? []
      : [
          {
            path: `plugctl.files[${index}]`,
            code: "not_found",
            message: `names ${path}, which the archive does not have`,
          },
        ],
  );
  if (missing.length > 0) throw manifestProblem(missing);
  return new Set(stated);
}
