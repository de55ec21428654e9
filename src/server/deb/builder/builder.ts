import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import type { PackageContents } from "../installer/installer.ts";
import type { FetchedTree } from "../sources/source.ts";

/**
 * How a plugin's own build steps are run:
 * `isolated` in namespaces of their own without a network, `network` likewise with one,
 * `host` as wazo-plugind does it, unprivileged and otherwise as it is.
 */
export const BUILD_ISOLATIONS = ["isolated", "network", "host"] as const;
export type BuildIsolation = (typeof BUILD_ISOLATIONS)[number];

/** A finished package. */
export interface BuiltPackage {
  /** Absolute path of the `.deb`; the caller owns it. */
  file: string;
  /** `wazo-plugind-<name>-<namespace>`. */
  package: string;
  version: string;
  architecture: string;
  /** Lower-case hex. The same tree gives the same bytes. */
  sha256: string;
  sizeBytes: number;
  contents: PackageContents;
  /** What its author should mend, and whoever installs it should know: a sentence each. */
  warnings: readonly string[];
}

/** Makes a Debian package of a plugin's source tree (wazo-plugind spec, sections 3 and 4). */
export interface PackageBuilder {
  /**
   * Runs `rules build` and `rules package`, then packs. Each step is reported before it begins.
   * @throws INVALID with `details: { step, exitCode, log }` (the end of the output) when a step of the plugin's fails or
   * leaves what is refused; TIMEOUT when a step takes longer than its limit; CANCELLED. No process outlives the call.
   */
  build(
    tree: FetchedTree,
    description: PluginDescription,
    options: {
      onStep: (step: "building" | "packaging") => void | Promise<void>;
      /** Receives the output of the steps as it comes. */
      log: (text: string) => void;
      signal: AbortSignal;
    },
  ): Promise<BuiltPackage>;
}
