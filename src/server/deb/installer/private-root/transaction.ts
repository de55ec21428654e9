import { lstat, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatParagraphs } from "../../../../core/deb/control.ts";
import { conflictError } from "../../../../core/errors.ts";
import { folderWithin, makeFolders, readWithin, removeTree, syncFileSystem } from "../files.ts";
import type { InstalledPackage } from "../package-database.ts";
import type { CommandOptions, Transaction } from "../root.ts";
import { ownPackages, type PrivatePackages } from "./database.ts";
import { hostListsFor, packageOfList } from "./host-lists.ts";
import { copyFolder } from "./host-view.ts";
import { OURS, PACKAGES, type PrivateRoot } from "./private-root.ts";
import { runInSandbox } from "./sandbox.ts";

const INFO = "var/lib/dpkg/info";

/** Larger than any list of a package's files is. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** What a change leaves that belongs to no system at rest. */
const PASSING = {
  root: [
    "dev",
    "run",
    "var/cache/apt",
    "var/log/apt/term.log",
    "var/lib/apt/lists/lock",
    "var/lib/apt/lists/partial",
  ],
  "var-lib-dpkg": ["status-old", "lock", "lock-frontend", "triggers/Lock"],
};

/** A change of a private root, in the upper layers of its overlays. */
export class PrivateTransaction implements Transaction {
  readonly packagesFolder = PACKAGES;
  readonly #root: PrivateRoot;
  readonly #before: PrivatePackages;
  /** What the commands have left, until the next one. */
  #after: InstalledPackage[] | undefined;
  /** Names of the host's lists of files that dpkg was given. */
  readonly #hostLists = new Set<string>();

  constructor(root: PrivateRoot, before: PrivatePackages) {
    this.#root = root;
    this.#before = before;
  }

  async expect(change: { paths: readonly string[]; packages: readonly string[] }): Promise<void> {
    await this.#addHostLists(change);
    if (process.geteuid?.() !== 0) await this.#addFolders(change.paths);
  }

  /** Lets dpkg know which files of the host the change could touch. */
  async #addHostLists(change: { paths: readonly string[]; packages: readonly string[] }): Promise<void> {
    const { folder, architecture } = this.#root;
    const paths = new Set(change.paths);
    const packages = new Set(change.packages);
    for (const name of [...packages].flatMap((one) => [one, `${one}:${architecture}`])) {
      const list = await readWithin(folder, `${INFO}/${name}.list`, MAX_LIST_BYTES);
      for (const line of (list ?? "").split("\n")) if (line.length > 2) paths.add(line.slice(1));
    }
    const bystander = this.#before.others.find(({ name }) => !packages.has(name))?.name;
    const info = join(this.#root.upper("var-lib-dpkg"), "info");
    await makeFolders(info);
    for (const [name, text] of await hostListsFor({ paths, packages, bystander })) {
      await writeFile(join(info, name), text);
      this.#hostLists.add(name);
    }
  }

  /** Who is not root does not own the host's folders: those that files go into have to be there in an upper layer. */
  async #addFolders(paths: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const path of paths) {
      for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
    }
    const sorted = [...folders].sort();
    for (const { path, host, name } of this.#root.layers) {
      if (host === undefined) continue;
      for (const folder of sorted) {
        if (!folder.startsWith(`${path}/`)) continue;
        const inner = folder.slice(path.length + 1);
        const source = join(host, inner);
        const isFolder = await lstat(source).then(
          (found) => found.isDirectory(),
          () => false,
        );
        const isThere = (await folderWithin(this.#root.folder, folder).catch(() => "")) !== undefined;
        if (isFolder && !isThere) await copyFolder(source, join(this.#root.upper(name), inner));
      }
    }
  }

  async run(command: readonly [string, ...string[]], options: CommandOptions) {
    this.#after = undefined;
    return runInSandbox(command, {
      ...options,
      mounts: await this.#root.mounts(),
      workFolder: this.#root.work,
      limits: this.#root.limits,
    });
  }

  async packageFilesIn(folder: string): Promise<string[]> {
    const path = join(this.#root.upper("root"), folder);
    const names = await readdir(path).catch(() => []);
    return names.filter((name) => name.endsWith(".deb")).map((name) => join(path, name));
  }

  async packages() {
    if (this.#after === undefined) {
      const status = await readFile(join(this.#root.upper("var-lib-dpkg"), "status"));
      this.#after = ownPackages(status, this.#before, this.#root.architecture);
    }
    return this.#after;
  }

  async removeFile(path: string): Promise<void> {
    await this.run(["rm", "-f", "--", path], {
      network: false,
      seconds: 30,
      log: () => {},
      signal: new AbortController().signal,
    });
  }

  async commit(decide: () => Promise<void>): Promise<void> {
    const database = this.#root.upper("var-lib-dpkg");
    const own = await this.packages();
    await writeFile(join(database, "status.new"), formatParagraphs(own.map(({ fields }) => fields)));
    await rename(join(database, "status.new"), join(database, "status"));
    const names = new Set(own.map(({ name }) => name));
    for (const list of this.#hostLists) {
      if (!names.has(packageOfList(list))) await removeTree(join(database, "info", list));
    }
    for (const [layer, paths] of Object.entries(PASSING)) {
      for (const path of paths) await removeTree(join(this.#root.upper(layer), path));
    }
    await this.#refuseMovedFolders();
    const [merge] = await Promise.all([this.#root.prepareMerge(), syncFileSystem(this.#root.work)]);
    await decide();
    await merge();
    await this.#root.discardChange();
  }

  async rollback(): Promise<void> {
    await removeTree(this.#root.work);
  }

  /** A link in the place of a folder that another layer is merged into would lead out of the tree. */
  async #refuseMovedFolders(): Promise<void> {
    const upper = this.#root.upper("root");
    for (const { path } of this.#root.layers) await folderWithin(upper, path);
    if ((await readdir(upper)).includes(OURS)) throw conflictError(`a package has a file /${OURS}`);
  }
}
