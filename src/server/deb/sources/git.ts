import { rm } from "node:fs/promises";
import { join } from "node:path";
import { notFoundError } from "../../../core/errors.ts";
import { gitError, gitIn } from "../../../git/command.ts";
import { COMMIT, fetchCommit, type GitLimits, lsRemote } from "../../../git/fetch.ts";
import { checkGitRef } from "../../../git/url.ts";

/** The branch that stands for no ref, as wazo-plugind has it; repositories without it give their HEAD. */
const DEFAULT_BRANCH = "refs/heads/master";

/**
 * Writes the files of one commit into an empty folder, links as links, without `.git`.
 * @returns its id and the time of the commit in seconds since 1970.
 * @throws NOT_FOUND, UNAUTHENTICATED, UNAVAILABLE, TIMEOUT; INVALID for a ref that is refused or when limits are exceeded.
 */
export async function fetchGit(
  folder: string,
  options: {
    url: string;
    ref: string | undefined;
    limits: GitLimits;
    signal: AbortSignal;
    log: (text: string) => void;
  },
): Promise<{ commit: string; time: number }> {
  const { url, limits } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limits.seconds * 1000)]);
  try {
    const { name, commit } = await resolve(folder, url, options.ref, signal);
    options.log(`${name} of ${url} is ${commit}\n`);
    await fetchCommit(folder, { url, name, commit, limits, signal, symlinks: true });
    const time = await gitIn(folder, signal).raw("log", "-1", "--format=%ct", "HEAD");
    await rm(join(folder, ".git"), { recursive: true, force: true });
    return { commit, time: Number(time) };
  } catch (error) {
    throw gitError(error, url);
  }
}

async function resolve(folder: string, url: string, ref: string | undefined, signal: AbortSignal) {
  if (ref !== undefined) {
    checkGitRef(ref);
    if (COMMIT.test(ref)) return { name: ref, commit: ref };
  }
  const names = ref === undefined ? [DEFAULT_BRANCH, "HEAD"] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  // The last one gives the commit of an annotated tag.
  const commits = await lsRemote(
    folder,
    url,
    ["HEAD", ...names, ...names.map((name) => `${name}^{}`)],
    signal,
  );
  for (const name of names) {
    const commit = commits.get(name);
    if (commit !== undefined) return { name, commit };
  }
  const what = ref === undefined ? "neither a branch master nor a HEAD" : `no branch, tag or commit ${ref}`;
  const hint = /^[0-9a-f]{7,}$/.test(ref ?? "") ? "a commit is named by its whole id" : undefined;
  throw notFoundError(`${url} has ${what}`, { hint });
}
