import { promises as fs } from "node:fs";
import { join } from "node:path";
import { conflictError, invalidError, notFoundError } from "../core/errors.ts";
import { gitIn } from "./command.ts";

/** What a repository may cost at most; it is somebody else's. */
export interface GitLimits {
  /** For one conversation with the server, in seconds. */
  seconds: number;
  /** Bytes of what is fetched. */
  fetchBytes: number;
  /** Bytes and number of the files of one commit. */
  treeBytes: number;
  treeFiles: number;
}

export const GIT_LIMITS: GitLimits = {
  seconds: 180,
  fetchBytes: 512 * 1024 * 1024,
  treeBytes: 1024 * 1024 * 1024,
  treeFiles: 50_000,
};

/** A whole commit id, of SHA-1 or SHA-256. */
export const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** How often the size of what arrives is looked at, in ms. */
const WATCH_MS = 200;

/**
 * The commits that names of a remote repository lead to, by full name: `HEAD`, `refs/heads/main`, `refs/tags/x/v1`.
 * @param patterns which names, as `git ls-remote` takes them.
 */
export async function lsRemote(
  folder: string,
  url: string,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const output = await gitIn(folder, signal).raw("ls-remote", "--", url, ...patterns);
  const commits = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [commit = "", name = ""] = line.split("\t");
    // The commit that an annotated tag leads to comes after the tag's own object, and replaces it.
    if (COMMIT.test(commit)) commits.set(name.replace(/\^\{\}$/, ""), commit);
  }
  if (commits.size === 0) throw notFoundError("the repository is empty");
  return commits;
}

export interface FetchOptions {
  url: string;
  /** Full name of a branch or tag, `HEAD`, or a commit id. */
  name: string;
  /** What the name led to when that was asked; undefined = whatever it leads to now. */
  commit?: string | undefined;
  limits: GitLimits;
  signal: AbortSignal;
  /** Write links as links. Otherwise they become plain files, so that nothing read later leads out of the folder. */
  symlinks?: boolean | undefined;
}

/**
 * Fetches one commit without its history into an empty folder and writes its files, unless that would exceed the limits.
 * @returns its id, and its time in seconds since 1970.
 * @throws INVALID for what is too large, CONFLICT when the name leads to another commit by now; what git says.
 */
export async function fetchCommit(
  folder: string,
  options: FetchOptions,
): Promise<{ commit: string; time: number }> {
  const { url, name, commit, limits } = options;
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, options.signal]);
  const git = gitIn(folder, signal, options);
  await makeRepository(folder);
  const watch = setInterval(() => {
    void packBytes(folder).then((bytes) => bytes > limits.fetchBytes && abort.abort());
  }, WATCH_MS);
  try {
    await git.raw("fetch", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", url, name);
  } catch (error) {
    if (abort.signal.aborted) throw tooLarge(url, `${limits.fetchBytes} bytes`);
    throw error;
  } finally {
    clearInterval(watch);
  }
  // What came quicker than anybody looked.
  if ((await packBytes(folder)) > limits.fetchBytes) throw tooLarge(url, `${limits.fetchBytes} bytes`);
  const [[fetched = "", time], listing] = await Promise.all([
    git.raw("log", "-1", "--format=%H %ct", "FETCH_HEAD").then((line) => line.split(" ")),
    // What is asked of one and the same is answered one after the other.
    gitIn(folder, signal, options).raw("ls-tree", "-r", "-l", "-z", "FETCH_HEAD"),
  ]);
  if (commit !== undefined && fetched !== commit) {
    throw conflictError(`${name} of ${url} moved while it was fetched`, { hint: "try again" });
  }
  checkTree(url, listing, limits);
  // Not quietly: simple-git waits another 50 ms for the output of what has none.
  await git.raw("checkout", "--detach", "FETCH_HEAD");
  return { commit: fetched, time: Number(time) };
}

/** The least that git takes for a repository (gitrepository-layout(5)); `git init` would be a process more. */
async function makeRepository(folder: string): Promise<void> {
  for (const name of ["objects", "refs"]) await fs.mkdir(join(folder, ".git", name), { recursive: true });
  await fs.writeFile(join(folder, ".git", "HEAD"), "ref: refs/heads/master\n");
}

/** Looks at the sizes before anything is unpacked: what is small when compressed may fill a disk. */
function checkTree(url: string, listing: string, limits: GitLimits): void {
  const files = listing.split("\0").filter(Boolean);
  const bytes = files.reduce((sum, line) => sum + (Number(line.split(/\s+/, 4)[3]) || 0), 0);
  if (files.length > limits.treeFiles) throw tooLarge(url, `${limits.treeFiles} files`);
  if (bytes > limits.treeBytes) throw tooLarge(url, `${limits.treeBytes} bytes unpacked`);
}

const tooLarge = (url: string, limit: string) => invalidError(`${url} is larger than the limit of ${limit}`);

/** Size of what has arrived so far. */
async function packBytes(folder: string): Promise<number> {
  const packs = join(folder, ".git/objects/pack");
  const names = await fs.readdir(packs).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      fs.stat(join(packs, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
