import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { invalidError } from "../../core/errors.ts";
import { parseSource } from "../../core/source.ts";
import type { Catalogue } from "./catalogue.ts";
import { DirectoryCatalogue } from "./directory.ts";
import type { Fetch } from "./http-client.ts";

export interface OpenOptions {
  /** The user's cache folder. */
  cache: string;
  /** Paths are relative to this folder. */
  cwd: string;
  fetch?: Fetch | undefined;
}

/** A repository by its address: said to be one, or ending like one, or in the spelling of ssh. */
const GIT =
  /^(?:git[:+]|(?:https?|ssh|git|file):\/\/[^#]*\.git(?:#|\/\/|$)|(?:ssh|git):\/\/|[\w.-]+@[\w.-]+:)/;

/**
 * Opens a catalogue by its location:
 * - a folder, as a path or a `file:` URL
 * - a git repository: `git:<url or path>`, `git+https://…`, `….git`, `user@host:path`; `#ref` and `//folder` may follow
 * - an HTTP index: any other `http:` or `https:` URL
 * @throws INVALID or USAGE for a location that is none of these, or is refused.
 */
export async function openCatalogue(location: string, options: OpenOptions): Promise<Catalogue> {
  const cache = resolve(options.cache, "catalogues");
  if (GIT.test(location)) {
    const { GitCatalogue } = await import("./git.ts");
    return new GitCatalogue({ ...gitSource(location, options.cwd), cache });
  }
  if (/^https?:\/\//.test(location)) {
    const { HttpCatalogue } = await import("./http.ts");
    return new HttpCatalogue({ url: location, cache, fetch: options.fetch });
  }
  const root = resolve(options.cwd, location.startsWith("file:") ? fileURLToPath(location) : location);
  if (
    !(await stat(root).then(
      (found) => found.isDirectory(),
      () => false,
    ))
  ) {
    throw invalidError(`"${location.slice(0, 300)}" is no catalogue: there is no such folder`, {
      hint: "a catalogue is a folder, a git repository (git:…, ….git) or the URL of an index",
    });
  }
  return new DirectoryCatalogue({ root, cache });
}

/** In the spelling that `install` takes as well. */
function gitSource(location: string, cwd: string) {
  const text = /^git:(?!\/\/)/.test(location) ? location : `git:${location}`;
  const { source } = parseSource(text, { targets: [], cwd, isPluginFolder: () => false });
  if (source.type !== "git") throw invalidError(`"${location.slice(0, 300)}" is not a git repository`);
  return source;
}
