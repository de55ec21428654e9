import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { PluginDescription } from "../../core/deb/plugin-description.ts";
import { PlugctlError } from "../../core/errors.ts";
import type { BuildIsolation, BuiltPackage } from "./builder/builder.ts";
import { createPackageBuilder } from "./builder/create.ts";
import { describeTree } from "./sources/describe.ts";
import { createSourceFetcher } from "./sources/fetcher.ts";
import { removeTree } from "./sources/remove-tree.ts";
import type { FetchedTree } from "./sources/source.ts";

export interface ArchiveBuild {
  isolation: BuildIsolation;
  /** What `min_wazo_version` and `max_wazo_version` are held against. */
  wazoVersion: string | undefined;
  onStep: (
    step: "downloading" | "extracting" | "building" | "packaging",
    description: PluginDescription | undefined,
  ) => void;
  log: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Makes a package of the tar archive of a plugin's folder, as a server does with an upload, but in a folder that goes away.
 * @param use is given the package while its file is there. @throws as the builder; UNAVAILABLE where there is no dpkg-deb.
 */
export async function buildArchive<T>(
  archive: Readable,
  { isolation, wazoVersion, onStep, log, signal }: ArchiveBuild,
  use: (built: { package: BuiltPackage; description: PluginDescription; tree: FetchedTree }) => Promise<T>,
): Promise<T> {
  await requireDpkg();
  const folder = await mkdtemp(join(tmpdir(), "plugctl-build-"));
  try {
    const sources = createSourceFetcher({
      folder: join(folder, "sources"),
      blobs: { open: async () => archive },
      closed: [],
    });
    const tree = await sources.fetch(
      { type: "archive", sha256: "" },
      { onStep: (step) => onStep(step, undefined), log, signal },
    );
    const description = await describeTree(tree, { wazoVersion });
    const builder = createPackageBuilder({
      folder: join(folder, "builds"),
      isolation,
      hidden: [],
      wazoVersion,
    });
    const built = await builder.build(tree, description, {
      onStep: (step) => onStep(step, description),
      log,
      signal,
    });
    return await use({ package: built, description, tree });
  } finally {
    await removeTree(folder);
  }
}

async function requireDpkg(): Promise<void> {
  await promisify(execFile)("dpkg-deb", ["--version"]).catch((cause) => {
    throw new PlugctlError("UNAVAILABLE", "plugins cannot be built: dpkg-deb is not installed", { cause });
  });
}
