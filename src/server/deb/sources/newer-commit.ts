import { tmpdir } from "node:os";
import { notFoundError, PlugctlError } from "../../../core/errors.ts";
import { gitError } from "../../../git/command.ts";
import { COMMIT, lsRemote } from "../../../git/fetch.ts";
import { checkGitUrl } from "../../../git/url.ts";
import { namesOf } from "./git.ts";

/**
 * Asks a repository where a branch or tag leads now; nothing is fetched.
 * @param ref as it was installed; undefined = the branch that stands for no ref.
 * @returns the commit, or undefined when it is the installed one: always so for a ref that is a commit.
 * @throws NOT_FOUND when there is no such ref any more, TIMEOUT when the signal ends it, UNAUTHENTICATED, UNAVAILABLE.
 */
export async function newerCommit(
  source: { url: string; ref?: string | undefined; commit: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { ref, commit } = source;
  if (ref !== undefined && COMMIT.test(ref)) return undefined;
  const url = checkGitUrl(source.url);
  const names = namesOf(ref);
  // HEAD tells a repository without the ref from one that is empty.
  const patterns = ["HEAD", ...names.flatMap((name) => [name, `${name}^{}`])];
  const commits = await lsRemote(tmpdir(), url, patterns, signal).catch((error: unknown) => {
    throw signal.aborted ? late(url) : gitError(error, url);
  });
  const name = names.find((one) => commits.has(one));
  if (name === undefined) throw notFoundError(`${url} has no branch or tag ${ref ?? "master"} any more`);
  const latest = commits.get(name);
  return latest === commit ? undefined : latest;
}

const late = (url: string) => new PlugctlError("TIMEOUT", `${url} did not answer in time`);
