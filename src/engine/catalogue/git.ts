import { join } from "node:path";
import { invalidError, notFoundError } from "../../core/errors.ts";
import { relativePath } from "../../core/marketplace/location.ts";
import { compareVersions } from "../../core/marketplace/version.ts";
import { checkGitRef } from "../../git/url.ts";
import type { Catalogue, CatalogueEntry, CatalogueListing } from "./catalogue.ts";
import { DirectoryCatalogue } from "./directory.ts";
import { GitRepository, type GitRepositoryOptions } from "./git-repository.ts";

export interface GitCatalogueOptions extends GitRepositoryOptions {
  /** Branch, tag or commit of the newest versions; default: the repository's HEAD. */
  ref?: string | undefined;
  /** Folder of the catalogue within the repository. */
  directory?: string | undefined;
}

/** A catalogue in a git repository. Older versions of an entry are the tags `<name>/v<version>`. */
export class GitCatalogue implements Catalogue {
  readonly origin: string;
  readonly #repository: GitRepository;
  readonly #ref: string | undefined;
  readonly #directory: string;

  /** @throws INVALID for an address, ref or folder that is refused. */
  constructor({ ref, directory, ...repository }: GitCatalogueOptions) {
    const below = directory === undefined ? "" : relativePath(directory);
    if (below === null) throw invalidError(`"${directory}" is not a folder within a repository`);
    this.#repository = new GitRepository(repository);
    this.#ref = ref === undefined ? undefined : checkGitRef(ref);
    this.#directory = below;
    this.origin = `git:${repository.url}${below === "" ? "" : `//${below}`}${ref === undefined ? "" : `#${ref}`}`;
  }

  async list(): Promise<CatalogueListing> {
    const { stale } = await this.#repository.refs();
    const { entries, problems } = await (await this.#at(this.#ref)).list();
    return { entries, problems: stale === null ? problems : [stale, ...problems] };
  }

  async entry(name: string, version?: string): Promise<CatalogueEntry> {
    const newest = await (await this.#at(this.#ref)).entry(name).catch((error: unknown) => {
      // An entry that is no longer offered can still be had by its version.
      if (version === undefined) throw error;
    });
    if (newest !== undefined && (version === undefined || version === newest.entry.version)) return newest;
    const id = newest?.entry.name ?? name;
    const tag = `${id}/v${version}`;
    if (!(await this.#tags()).includes(tag)) {
      const known = await this.versions(name).catch(() => []);
      throw notFoundError(`${this.origin} has no version ${version} of ${name}`, {
        hint: known.length > 0 ? `versions: ${known.slice(0, 10).join(", ")}` : undefined,
      });
    }
    const tagged = await (await this.#at(tag)).entry(id);
    if (tagged.entry.version === version) return tagged;
    throw notFoundError(`the tag ${tag} of ${this.origin} leads to version ${tagged.entry.version}`);
  }

  async versions(name: string): Promise<string[]> {
    const { entries } = await this.list();
    const newest =
      entries.find((entry) => entry.name === name) ?? entries.find(({ directory }) => directory === name);
    const prefix = `${newest?.name ?? name}/v`;
    const tagged = (await this.#tags())
      .filter((tag) => tag.startsWith(prefix))
      .map((tag) => tag.slice(prefix.length));
    if (newest === undefined && tagged.length === 0) {
      throw notFoundError(`${this.origin} has no plugin "${name}"`);
    }
    const versions = new Set([...(newest === undefined ? [] : [newest.version]), ...tagged]);
    return [...versions].sort(compareVersions).reverse();
  }

  async #tags(): Promise<string[]> {
    const { commits } = await this.#repository.refs();
    return [...commits.keys()].flatMap((name) =>
      name.startsWith("refs/tags/") ? [name.slice("refs/tags/".length)] : [],
    );
  }

  /** The catalogue as it is in a commit, which never changes. */
  async #at(ref: string | undefined): Promise<DirectoryCatalogue> {
    const { commit, folder, derived } = await this.#repository.checkout(ref);
    return new DirectoryCatalogue({
      root: join(folder, this.#directory),
      cache: derived,
      origin: this.origin,
      state: `${commit}//${this.#directory}`,
    });
  }
}
