import { mkdir, mkdtemp, realpath, rename } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { cancelledError, invalidError } from "../../../core/errors.ts";
import { GIT_LIMITS, type GitLimits } from "../../../git/fetch.ts";
import { checkGitUrl } from "../../../git/url.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import { atStep } from "../step-error.ts";
import { unpackArchive } from "./archive.ts";
import { findSubfolder } from "./folder.ts";
import { fetchGit } from "./git.ts";
import { removeLeftovers, removeTree } from "./remove-tree.ts";
import type { FetchedTree, PluginSource, SourceFetcher } from "./source.ts";
import { settleTree } from "./tree.ts";

export interface SourceFetcherOptions {
  /** Folder for the trees; those of an earlier process are removed. */
  folder: string;
  /** Where uploaded archives are. */
  blobs: Pick<BlobStore, "open">;
  /** Folders of this machine from which no repository is read: those of the server itself. */
  closed: readonly string[];
  limits?: Partial<GitLimits> | undefined;
}

/** How names of the fetcher's folders begin. */
const OWN = "source-";

/** Brings git repositories and uploaded archives into folders of their own below `folder`. */
export function createSourceFetcher(options: SourceFetcherOptions): SourceFetcher {
  const limits = { ...GIT_LIMITS, ...options.limits };
  const cleared = removeLeftovers(options.folder, OWN);
  cleared.catch(() => {});

  return {
    async fetch(source, { onStep, log, signal }) {
      await cleared;
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      const own = await mkdtemp(join(options.folder, OWN));
      let step: "downloading" | "extracting" = "downloading";
      try {
        await onStep(step);
        const download = join(own, "download");
        await mkdir(download);
        const { commit, time } = await bring(source, download, signal, log);
        step = "extracting";
        await onStep(step);
        const directory = source.type === "git" ? source.directory : undefined;
        const folder = join(own, "tree");
        await rename(await findSubfolder(download, directory), folder);
        const { treeSha256, newest } = await settleTree(folder, { time, signal });
        if (directory !== undefined) await removeTree(download);
        return { folder, commit, treeSha256, sourceDate: time ?? newest };
      } catch (error) {
        await removeTree(own);
        // An abort is a cancellation, whatever git made of it.
        throw signal.aborted ? cancelledError() : atStep(error, step);
      }
    },
    async discard(tree: FetchedTree) {
      await removeTree(join(tree.folder, ".."));
    },
  };

  async function bring(
    source: Extract<PluginSource, { type: "git" | "archive" }>,
    folder: string,
    signal: AbortSignal,
    log: (text: string) => void,
  ): Promise<{ commit: string | undefined; time: number | undefined }> {
    if (source.type === "archive") {
      await unpackArchive(await options.blobs.open(source.sha256), folder, limits);
      return { commit: undefined, time: undefined };
    }
    const url = checkGitUrl(source.url);
    await refuseClosed(url, options.closed);
    return fetchGit(folder, { url, ref: source.ref, limits, signal, log });
  }
}

/** A repository in a folder of the server's own would show what is in there to whoever may install plugins. */
async function refuseClosed(url: string, closed: readonly string[]): Promise<void> {
  if (!url.startsWith("file:")) return;
  const path = await realpath(fileURLToPath(url)).catch(() => fileURLToPath(url));
  for (const folder of closed) {
    const real = await realpath(folder).catch(() => folder);
    if (path === real || path.startsWith(`${real}${sep}`)) {
      throw invalidError(
        `the git address ${JSON.stringify(url)} is refused: it is in a folder of the server's own`,
      );
    }
  }
}
