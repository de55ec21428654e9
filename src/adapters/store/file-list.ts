import { glob } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import packlist, { type PackageTree } from "npm-packlist";
import { invalidError } from "../../core/errors.ts";
import type { Manifest } from "./manifest.ts";

/**
 * The files of a folder that `npm pack` would take, relative and with `/`: package.json's `files`, else what
 * `.npmignore` or `.gitignore` leave, always package.json, README and LICENSE, never `.git` or `node_modules`.
 * @throws INVALID naming the symbolic links among them: npm would leave those out without a word.
 */
export async function listFiles(folder: string, manifest: Manifest): Promise<string[]> {
  const { files, main, browser, bin } = manifest;
  const tree: PackageTree = {
    path: folder,
    package: {
      files,
      main,
      browser: typeof browser === "string" ? browser : undefined,
      bin: typeof bin === "string" ? { bin } : isTextRecord(bin) ? bin : undefined,
    },
    isProjectRoot: true,
    edgesOut: new Map(),
  };
  const links = new Set<string>(await linksNamed(folder, files ?? []));
  const found = await new Promise<string[]>((resolve, reject) => {
    new LinkNotingWalker(tree, { isPackage: true }, links).on("done", resolve).on("error", reject).start();
  });
  if (links.size > 0) {
    const named = [...links].sort();
    throw invalidError(
      `symbolic links cannot be published: ${named.slice(0, 5).join(", ")}${named.length > 5 ? ` and ${named.length - 5} more` : ""}`,
      {
        hint: 'replace them by the files, or leave them out with "files" in package.json or with .npmignore',
      },
    );
  }
  return found.map((path) => path.replace(/^\.\//, ""));
}

/** Notes the symbolic links that the rules would have taken. */
class LinkNotingWalker extends packlist.Walker {
  readonly #links: Set<string>;

  constructor(tree: PackageTree, options: object, links: Set<string>) {
    super(tree, options);
    this.#links = links;
  }

  override onstat(visit: Parameters<InstanceType<typeof packlist.Walker>["onstat"]>[0], done: () => void) {
    if (visit.st.isSymbolicLink() && visit.file) {
      this.#links.add(relative(this.root, join(this.path, visit.entry)).split(sep).join("/"));
    }
    super.onstat(visit, done);
  }

  override walker(entry: string, options: object, done: () => void) {
    new LinkNotingWalker(this.tree, this.walkerOpt(entry, options), this.#links).on("done", done).start();
  }
}

/** Links that `files` names: the walker never sees those, since it passes them over when it expands the patterns. */
async function linksNamed(folder: string, patterns: readonly string[]): Promise<string[]> {
  const wanted = patterns
    .filter((pattern) => !pattern.startsWith("!"))
    .map((pattern) => pattern.replace(/^\.?\//, "").replace(/\/+$/, ""))
    .filter((pattern) => pattern !== "");
  const links: string[] = [];
  for await (const entry of glob(wanted, { cwd: folder, withFileTypes: true })) {
    if (entry.isSymbolicLink()) links.push(relative(folder, join(entry.parentPath, entry.name)));
  }
  return links;
}

const isTextRecord = (value: unknown): value is Record<string, string> =>
  value !== null &&
  typeof value === "object" &&
  Object.values(value).every((member) => typeof member === "string");
