/** Where a plugin to build comes from. */
export type PluginSource =
  | {
      type: "git";
      url: string;
      /** Branch, tag or commit; undefined = `master` if there is one, else what the repository's HEAD is. */
      ref: string | undefined;
      /** Folder of the plugin within the repository. */
      directory: string | undefined;
    }
  /** A folder of plugin sources that was uploaded: a tar archive, stored as a blob. */
  | { type: "archive"; sha256: string }
  /** A finished package that was uploaded, stored as a blob. */
  | { type: "package"; sha256: string };

/** A source tree in a folder of its own, ready to be built. Whoever fetched it owns the folder and removes it. */
export interface FetchedTree {
  /** Absolute. Holds `wazo/plugin.yml`; the builder may write below it. */
  folder: string;
  /** What the ref led to; undefined for an archive. */
  commit: string | undefined;
  /** sha256 over paths, modes and contents of the files: equal trees have equal ones, whatever brought them. */
  treeSha256: string;
  /** Time of the commit, or of the newest file of an archive; seconds since 1970. */
  sourceDate: number;
}

/** Brings sources of others into a folder, without running or following anything in them. */
export interface SourceFetcher {
  /**
   * Two steps, reported as they begin: `downloading` the source and `extracting` the part that is wanted.
   * @throws INVALID for an address, ref or folder that is refused or for limits exceeded; NOT_FOUND, UNAUTHENTICATED,
   * UNAVAILABLE, TIMEOUT for what the other side says. `details.step` is the step. Nothing stays behind.
   */
  fetch(
    source: Extract<PluginSource, { type: "git" | "archive" }>,
    options: {
      onStep: (step: "downloading" | "extracting") => void | Promise<void>;
      log: (text: string) => void;
      signal: AbortSignal;
    },
  ): Promise<FetchedTree>;
  /** Removes the folder of a tree. */
  discard(tree: FetchedTree): Promise<void>;
}
