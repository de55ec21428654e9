import { rename } from "node:fs/promises";
import { join } from "node:path";
import { notFoundError } from "../../../core/errors.ts";
import { gitError } from "../../../git/command.ts";
import { COMMIT, fetchCommit, type GitLimits } from "../../../git/fetch.ts";
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
    const { name, commit, time } = await fetchFirst(folder, namesOf(options.ref), { url, limits, signal });
    options.log(`${name} of ${url} is ${commit}\n`);
    // It goes with all that was fetched, for which nobody has to wait.
    await rename(join(folder, ".git"), `${folder}.git`);
    return { commit, time };
  } catch (error) {
    throw gitError(error, url);
  }
}

/** What a ref may be, in the order in which it is tried. */
export function namesOf(ref: string | undefined): readonly string[] {
  if (ref === undefined) return [DEFAULT_BRANCH, "HEAD"];
  checkGitRef(ref);
  return COMMIT.test(ref) ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
}

async function fetchFirst(
  folder: string,
  names: readonly string[],
  options: { url: string; limits: GitLimits; signal: AbortSignal },
) {
  for (const name of names) {
    try {
      return { name, ...(await fetchCommit(folder, { ...options, name, symlinks: true })) };
    } catch (error) {
      if (!/couldn't find remote ref/.test(String(error))) throw error;
    }
  }
  const ref = names[0]?.replace(/^refs\/heads\//, "") ?? "";
  throw notFoundError(`${options.url} has no branch, tag or commit ${ref}`, {
    hint: /^[0-9a-f]{7,}$/.test(ref) ? "a commit is named by its whole id" : undefined,
  });
}
