import { promises as fs } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { notFoundError } from "../../core/errors.ts";
import { gitError } from "../../git/command.ts";
import { COMMIT, fetchCommit, GIT_LIMITS, type GitLimits, lsRemote } from "../../git/fetch.ts";
import { checkGitRef, checkGitUrl } from "../../git/url.ts";
import { writeDurably } from "../durable-file.ts";
import { exists, settle, shortHash } from "./cache-folder.ts";

export interface GitRepositoryOptions {
  url: string;
  /** Folder for checkouts of all repositories. */
  cache: string;
  limits?: Partial<GitLimits> | undefined;
  /** How old the known branches and tags may be before they are asked for again, in seconds. Default 300. */
  maxAgeSeconds?: number | undefined;
}

/** Names of a repository and the commits they lead to. */
export interface GitRefs {
  /** By full name: `HEAD`, `refs/heads/main`, `refs/tags/x/v1`. */
  commits: ReadonlyMap<string, string>;
  /** Why they may be out of date; null = they are not. */
  stale: string | null;
}

export interface GitCheckout {
  commit: string;
  /** Holds the files of the commit, without a `.git`. Not to be written to. */
  folder: string;
  /** Folder for what is derived from the commit; it goes when the checkout goes. */
  derived: string;
}

const knownRefsSchema = z.object({
  fetchedAt: z.number(),
  commits: z.record(z.string(), z.string().check(z.regex(COMMIT))),
});

const FETCH_PREFIX = "fetch-";

/** Checkouts of a repository to keep beside the newest: older ones are fetched again when needed. */
const KEPT_CHECKOUTS = 8;

/** Reads commits of a remote repository without their history, each into a folder of its own. */
export class GitRepository {
  readonly url: string;
  readonly #folder: string;
  readonly #limits: GitLimits;
  readonly #maxAgeMs: number;

  /** @throws INVALID for an address that is refused. */
  constructor({ url, cache, limits, maxAgeSeconds = 300 }: GitRepositoryOptions) {
    this.url = checkGitUrl(url);
    this.#folder = join(cache, `git-${shortHash(this.url)}`);
    this.#limits = { ...GIT_LIMITS, ...limits };
    this.#maxAgeMs = maxAgeSeconds * 1000;
  }

  /** Branches and tags: as last known when that is recent enough, or when the server cannot be reached. */
  async refs(): Promise<GitRefs> {
    const file = join(this.#folder, "refs.json");
    const known = await readKnownRefs(file);
    if (known !== undefined && Date.now() - known.fetchedAt < this.#maxAgeMs) {
      return { commits: new Map(Object.entries(known.commits)), stale: null };
    }
    try {
      const commits = await this.#lsRemote();
      await writeDurably(
        file,
        JSON.stringify({ fetchedAt: Date.now(), commits: Object.fromEntries(commits) }),
      );
      return { commits, stale: null };
    } catch (error) {
      if (known === undefined) throw error;
      const since = new Date(known.fetchedAt).toISOString();
      return {
        commits: new Map(Object.entries(known.commits)),
        stale: `${(error as Error).message}; shown as of ${since}`,
      };
    }
  }

  /**
   * The files of a commit.
   * @param ref a branch, a tag or a whole commit id; default: what the repository's HEAD is.
   * @throws NOT_FOUND, UNAVAILABLE, UNAUTHENTICATED, TIMEOUT; INVALID when it exceeds the limits.
   */
  async checkout(ref?: string): Promise<GitCheckout> {
    const { name, commit } = await this.#resolve(ref);
    const folder = join(this.#folder, commit);
    if (await exists(folder)) {
      const now = new Date();
      await fs.utimes(folder, now, now);
      return { commit, folder, derived: `${folder}.derived` };
    }
    await fs.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = await fs.mkdtemp(join(this.#folder, FETCH_PREFIX));
    try {
      const { url } = this;
      await fetchCommit(temporary, { url, name, commit, limits: this.#limits, signal: this.#timeout() });
      await fs.rm(join(temporary, ".git"), { recursive: true, force: true });
      await settle(temporary, folder);
    } catch (error) {
      throw gitError(error, this.url);
    } finally {
      await fs.rm(temporary, { recursive: true, force: true });
    }
    await this.#forgetOld(commit);
    return { commit, folder, derived: `${folder}.derived` };
  }

  async #resolve(ref = "HEAD"): Promise<{ name: string; commit: string }> {
    checkGitRef(ref);
    if (COMMIT.test(ref)) return { name: ref, commit: ref };
    const { commits } = await this.refs();
    for (const name of [ref, `refs/tags/${ref}`, `refs/heads/${ref}`]) {
      const commit = commits.get(name);
      if (commit !== undefined) return { name, commit };
    }
    throw notFoundError(`${this.url} has no branch, tag or commit ${ref}`);
  }

  async #lsRemote(): Promise<Map<string, string>> {
    try {
      await fs.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const patterns = ["HEAD", "refs/heads/*", "refs/tags/*"];
      return await lsRemote(this.#folder, this.url, patterns, this.#timeout());
    } catch (error) {
      throw gitError(error, this.url);
    }
  }

  #timeout = () => AbortSignal.timeout(this.#limits.seconds * 1000);

  /** Keeps the cache small: checkouts that were not used lately, and what an interrupted fetch left. */
  async #forgetOld(newest: string): Promise<void> {
    const names = await fs.readdir(this.#folder);
    const remove = (name: string) => fs.rm(join(this.#folder, name), { recursive: true, force: true });
    const aged = async (name: string) => {
      const found = await fs.stat(join(this.#folder, name)).catch(() => undefined);
      return { name, at: found?.mtimeMs ?? Date.now() };
    };
    const checkouts = await Promise.all(
      names.filter((name) => COMMIT.test(name) && name !== newest).map(aged),
    );
    checkouts.sort((one, other) => other.at - one.at);
    for (const { name } of checkouts.slice(KEPT_CHECKOUTS)) {
      await remove(name);
      await remove(`${name}.derived`);
    }
    const fetches = await Promise.all(names.filter((name) => name.startsWith(FETCH_PREFIX)).map(aged));
    for (const { name, at } of fetches) {
      // Nothing is fetched for that long.
      if (Date.now() - at > 10 * this.#limits.seconds * 1000) await remove(name);
    }
  }
}

async function readKnownRefs(file: string) {
  try {
    const result = knownRefsSchema.safeParse(JSON.parse(await fs.readFile(file, "utf8")));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
