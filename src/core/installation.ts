import type { ProgressListener } from "./progress.ts";
import type { SettingsChange } from "./settings.ts";

/** Where a plugin to install comes from, told apart by its form (docs/references.md). */
export type InstallSource =
  /** `market:name`, or a bare name: the target's own catalogue. */
  | { type: "market"; name: string; version?: string | undefined }
  /** `image:nginx:1.27`: a container image, without a marketplace entry. */
  | { type: "image"; reference: string }
  /** `./folder`, `/folder`, `file:…`: a folder with a plugin description, or a package file. Absolute. */
  | { type: "path"; path: string }
  /** `git:…`, `git+https://…`, `https://….git`, `git@…`; `#` separates the ref, `//` the subdirectory. */
  | { type: "git"; url: string; ref?: string | undefined; directory?: string | undefined };

export interface InstallRequest {
  source: InstallSource;
  /** Name of the installed plugin; default: what its description says. */
  name?: string | undefined;
  settings: SettingsChange;
  /** Build the image from the source's Dockerfile instead of pulling it. */
  build: boolean;
  /** Start it afterwards, and wait until it is healthy. */
  start: boolean;
  /** Put it in the place of what is installed under its name, be that newer or the same; otherwise a CONFLICT. */
  replace?: boolean | undefined;
  dryRun: boolean;
}

export interface UpdateRequest {
  name: string;
  /** Default: the newest that the source offers. */
  version?: string | undefined;
  dryRun: boolean;
}

/** What a change came to. */
export interface InstallationChange {
  name: string;
  version: string | null;
  previousVersion: string | null;
  state: string;
  changed: boolean;
  /** What could not be honoured, one sentence each; never dropped silently. */
  warnings: string[];
  /** With `dryRun`: what would be done, in order. */
  plan: string[];
  [field: string]: unknown;
}

export interface OutdatedPlugin {
  name: string;
  version: string | null;
  latest: string | null;
  /** The tag leads to another image than the one that runs, the branch or tag of a repository to another commit. */
  digestChanged: boolean;
  /** Why this could not be told: its registry, catalogue or repository does not answer. */
  problem: string | null;
}

/** A failure at any step leaves things as they were: the previous state is put back, nothing is orphaned. */
export interface Installation {
  /** @throws CONFLICT (installed already, name or port taken), NOT_FOUND, INVALID, VERIFICATION. */
  install(request: InstallRequest, progress: ProgressListener): Promise<InstallationChange>;
  update(request: UpdateRequest, progress: ProgressListener): Promise<InstallationChange>;
  /** Back to the version and settings before the last change. @throws CONFLICT when there is none. */
  rollback(
    request: { name: string; dryRun: boolean },
    progress: ProgressListener,
  ): Promise<InstallationChange>;
  /** How each installed plugin stands to what its source offers now. */
  outdated(): Promise<OutdatedPlugin[]>;
}
