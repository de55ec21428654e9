import type { Paragraph } from "../../../core/deb/control.ts";
import type { PluginId } from "../../../core/deb/package-name.ts";

/** An installed plugin, as dpkg and the files say. */
export interface InstalledPlugin extends PluginId {
  package: string;
  version: string;
  /** dpkg's words: `installed`, `half-configured`, `config-files` … */
  status: string;
  /** Packages that this one needs. */
  depends: string;
  sizeBytes: number | undefined;
  /** What its `wazo/plugin.yml` says, every key; undefined when it cannot be read. */
  metadata: Readonly<Record<string, unknown>> | undefined;
}

/** What is in a package, as whoever made or read it knows. */
export interface PackageContents {
  control: Paragraph;
  /** What it puts into place, folders included, relative to the root. */
  paths: readonly string[];
}

/** A package file that is to be installed. */
export interface OfferedPackage {
  file: string;
  sha256: string;
  package: string;
  version: string;
  /** Undefined = it is read from the file. */
  contents?: PackageContents | undefined;
}

/** A change of what is installed: packages to put in, packages to take out. One transaction. */
export interface PackageChange {
  /** Packages of plugins; dependencies first. Each may be newer, the same or, with `allowDowngrade`, older than what is there. */
  install: readonly OfferedPackage[];
  remove: readonly { package: string; purge: boolean }[];
  allowDowngrade: boolean;
  /** Take out plugins that need what is removed as well, as the original does; otherwise that is a conflict. */
  removeDependents: boolean;
}

/** What a change would come to. */
export interface ChangePlan {
  /** In order; `from` is null for what is new. Packages that apt adds are in it, with `plugin: false`. */
  install: {
    package: string;
    version: string;
    from: string | null;
    plugin: boolean;
    sizeBytes: number | null;
  }[];
  remove: { package: string; version: string; plugin: boolean }[];
  /** Packages whose list at the archives has to be read anew to know them. */
  needsUpdate: boolean;
}

/** What was changed, as it can be undone. */
export interface AppliedChange {
  /** Plugins that are in now, with what was before. */
  installed: { package: string; version: string; previousVersion: string | null }[];
  removed: { package: string; version: string }[];
}

/** A file that is not as its package put it there. */
export interface FileProblem {
  path: string;
  problem: "missing" | "changed" | "mode" | "owner";
}

/**
 * The packages of one root folder (`/`, or that of `--deb-root`). Changes run one at a time in the order of their calls. A change
 * that fails, or that a crash cuts off, leaves packages and files as they were before it.
 */
export interface PackageInstaller {
  /** Packages of plugins in dpkg's order of names, also those that are only half there. */
  plugins(): Promise<InstalledPlugin[]>;
  plugin(id: PluginId): Promise<InstalledPlugin | undefined>;
  /** @throws CONFLICT (downgrade, dependents), NOT_FOUND (a dependency that no archive has), UNAVAILABLE. */
  plan(change: PackageChange, options: { signal: AbortSignal }): Promise<ChangePlan>;
  /**
   * @throws INVALID with `details: { step, log }` when a maintainer script fails; CONFLICT, NOT_FOUND as `plan`; UNAVAILABLE when
   * dpkg's lock stays taken or the disk is full; TIMEOUT; CANCELLED. Everything is as it was before then.
   */
  apply(
    change: PackageChange,
    options: {
      /** Names the change in the journal: that of the operation. */
      id: string;
      /** `queued` while others are before it; `updating` the lists of archives; then the change itself. */
      onStep: (step: "queued" | "updating" | "installing" | "removing") => void | Promise<void>;
      log: (text: string) => void;
      signal: AbortSignal;
    },
  ): Promise<AppliedChange>;
  /** The version before the last change of a plugin and its package, while that is kept; undefined = there is none. */
  previous(
    id: PluginId,
  ): Promise<{ file: string; sha256: string; package: string; version: string } | undefined>;
  /** Compares the installed files with the package. @throws NOT_FOUND. */
  verify(id: PluginId): Promise<FileProblem[]>;
  /**
   * Finishes or undoes what a crash cut off; call it once, before the first change.
   * @returns ids of changes that are as if they had never been, and of those that had come so far that they are made now.
   */
  recover(): Promise<{ undone: string[]; finished: string[] }>;
  /** Ids of the change that runs and of those that wait, in their order. */
  queue(): string[];
  /** Lets the change that runs end; what waits is cancelled. */
  close(): Promise<void>;
}
