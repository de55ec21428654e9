import { stat } from "node:fs/promises";
import type { PublishRequest, PublishResult } from "../../core/capabilities.ts";
import { invalidError, verificationError } from "../../core/errors.ts";
import type { ProgressListener } from "../../core/progress.ts";
import type { StoreClient } from "./client.ts";
import { treeSha256 } from "./digest.ts";
import { packFolder } from "./pack.ts";
import type { PackageArchive } from "./package-archive.ts";
import type { WirePublished } from "./schema.ts";
import { openTarball } from "./tarball.ts";

/** Packs, uploads, and compares what the store says it holds with what was sent. */
export async function publish(
  client: StoreClient,
  signal: AbortSignal,
  request: PublishRequest,
  progress: ProgressListener,
): Promise<PublishResult> {
  const { source, channel, provider, dryRun } = request;
  await using archive = await openSource(source, progress, signal);
  const { sizeBytes, sha256, contentType } = archive;
  const { name, version } = archive.manifest;
  const uploading = (done: number) =>
    progress({
      phase: "uploading",
      message: `uploading ${name} ${version}`,
      done,
      total: sizeBytes,
      unit: "bytes",
    });
  uploading(0);
  const published = await client.publish({
    body: archive.read(),
    sizeBytes,
    contentType,
    sha256,
    channel,
    provider,
    dryRun,
    onSent: uploading,
  });
  progress({ phase: "verifying", message: "comparing the digests of both ends" });
  verify(archive, published, client.target);
  const { plugin, files, archiveSha256: _, ...result } = published;
  return {
    name: plugin,
    version: result.version,
    status: result.status,
    provider: result.provider,
    channel: result.channel,
    treeSha256: result.treeSha256,
    sizeBytes: result.sizeBytes,
    files: files.length,
    entryUrl: result.entryUrl,
    integrity: result.integrity,
    warnings: result.warnings,
  };
}

async function openSource(
  source: string,
  progress: ProgressListener,
  signal: AbortSignal,
): Promise<PackageArchive> {
  const found = await stat(source).catch((cause) => {
    throw invalidError(`there is no folder or file ${source}`, { cause });
  });
  return found.isDirectory() ? packFolder(source, progress, signal) : openTarball(source, signal);
}

/** @throws VERIFICATION when the store holds something else than was sent. */
function verify(archive: PackageArchive, published: WirePublished, target: string): void {
  const { name, version } = archive.manifest;
  const sent = new Map(archive.files.map((file) => [file.path, file.sha256]));
  const expected = treeSha256(archive.files);
  const differing = published.files.filter(({ path, sha256 }) => sent.get(path) !== sha256);
  const stored = new Set(published.files.map(({ path }) => path));
  const missing = archive.files.filter(({ path }) => !stored.has(path));
  const errors = [
    ...differing.map(({ path }) => ({ path, message: "has other content in the store" })),
    ...missing.map(({ path }) => ({ path, message: "is not in the store" })),
  ];
  const isSame =
    published.plugin === name && published.version === version && expected === published.treeSha256;
  if (errors.length === 0 && isSame) return;
  throw verificationError(`what target "${target}" holds as ${name} ${version} is not what was sent`, {
    hint: "publish again; if it stays so, something between here and the store changes what is sent",
    details: { target, expected, actual: published.treeSha256, errors },
  });
}
