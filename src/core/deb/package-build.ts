import type { ProgressListener } from "../progress.ts";

/** A Debian package that was made of a plugin's folder. */
export interface PackageBuild {
  /** Of the plugin, `namespace/name`. */
  name: string;
  version: string;
  package: string;
  architecture: string;
  /** Lower-case hex, of the sources and of the package. */
  treeSha256: string;
  debSha256: string;
  sizeBytes: number;
  warnings: readonly string[];
}

export interface BuildListeners {
  progress: ProgressListener;
  /** What the plugin's steps print, as it comes. */
  log: (text: string) => void;
}

/** Makes packages without installing them. */
export interface PackageBuilds {
  /**
   * @param save is given the package's bytes, and what is known of them.
   * @throws INVALID with `details: { step, log }` when a step fails, TIMEOUT, UNAVAILABLE, CANCELLED.
   */
  build(
    folder: string,
    listeners: BuildListeners,
    save: (build: PackageBuild, content: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<PackageBuild>;
}

/** As Debian names the file of a package: without an epoch. */
export const packageFileName = ({ package: name, version, architecture }: PackageBuild): string =>
  `${name}_${version.replace(/^\d+:/, "")}_${architecture}.deb`;
