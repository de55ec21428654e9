import { chmod, lstat, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { formatParagraphs } from "../../../../core/deb/control.ts";
import { conflictError, invalidError } from "../../../../core/errors.ts";
import { type FileLock, lockFile } from "../../../storage/file-lock.ts";
import { packagePaths } from "../deb-file.ts";
import { folderWithin, removeTree, syncFileSystem } from "../files.ts";
import type { InstalledPackage } from "../package-database.ts";
import type { CommandOptions, PackageRoot, Transaction } from "../root.ts";
import {
  composeStatus,
  hostStamp,
  ownPackages,
  type PrivatePackages,
  readPrivatePackages,
} from "./database.ts";
import { buildHostView, copyFolder, DEVICES } from "./host-view.ts";
import { type Layer, layersOfHost } from "./layers.ts";
import { merge } from "./merge.ts";
import { type Mount, runInSandbox } from "./sandbox.ts";

/**
 * Folder of ours in the tree, which nothing of a package's sees: a lock, and what a change writes until it is merged. Within
 * the tree, since renames do not cross file systems.
 */
const OURS = ".plugctl";

/** Where the kept packages are to be seen in the root. */
const PACKAGES = "/run/packages";

/** What a change leaves that belongs to no system at rest. */
const PASSING = {
  root: [
    "run",
    "var/cache/apt",
    "var/log/apt/term.log",
    "var/lib/apt/lists/lock",
    "var/lib/apt/lists/partial",
  ],
  "var-lib-dpkg": ["status-old", "lock", "lock-frontend", "triggers/Lock"],
};

export interface PrivateRootOptions {
  /** The tree; made if it is not there. */
  folder: string;
  /** For what belongs to the root and is not in its tree. */
  stateDir: string;
  /** Folder of the kept packages. */
  packagesFolder: string;
  architecture: string;
}

/**
 * A tree of its own over the host's programs. A change is written to an upper layer and merged into the tree when all of it
 * went well: until then nothing has changed, and from then on it is finished whatever happens.
 * @throws UNAVAILABLE where the system has no namespaces or overlays for this user.
 */
export async function openPrivateRoot(options: PrivateRootOptions): Promise<PackageRoot> {
  const root = new PrivateRoot({ ...options, folder: resolve(options.folder) }, await layersOfHost());
  await root.open();
  return root;
}

class PrivateRoot implements PackageRoot {
  readonly folder: string;
  readonly architecture: string;
  readonly packagesFolder: string;
  readonly layers: readonly Layer[];
  readonly #hostView: string;
  #lock: FileLock | undefined;
  /** State of the host that the view was made of. */
  #viewed: string | undefined;

  constructor(options: PrivateRootOptions, layers: readonly Layer[]) {
    this.folder = options.folder;
    this.architecture = options.architecture;
    this.packagesFolder = options.packagesFolder;
    this.layers = layers;
    this.#hostView = join(options.stateDir, "host-view");
  }

  get work(): string {
    return join(this.folder, OURS, "change");
  }

  async open(): Promise<void> {
    for (const path of [this.folder, this.#hostView]) {
      // Between these, overlayfs has no way to write them.
      if (/[:,\\"\n]/.test(path)) {
        throw invalidError(`the folder ${path} cannot be used: its name has one of : , \\ "`);
      }
    }
    await mkdir(join(this.folder, OURS), { recursive: true, mode: 0o700 });
    try {
      this.#lock = lockFile(join(this.folder, OURS, "lock"));
    } catch (cause) {
      throw conflictError(`the packages of ${this.folder} are in use by another server`, { cause });
    }
  }

  close(): void {
    this.#lock?.release();
  }

  get lockFiles(): readonly string[] {
    return ["lock-frontend", "lock"].map((name) => join(this.folder, "var/lib/dpkg", name));
  }

  packages(): Promise<PrivatePackages> {
    return readPrivatePackages(this.folder, this.architecture);
  }

  async begin(): Promise<Transaction> {
    await removeTree(this.work);
    for (const { path } of this.layers) await folderWithin(this.folder, path);
    for (const { name } of this.layers) {
      const upper = this.upper(name);
      await mkdir(upper, { recursive: true });
      await chmod(upper, 0o755);
    }
    await mkdir(join(this.work, "root-folder"));
    const packages = await this.packages();
    await writeFile(join(this.upper("var-lib-dpkg"), "status"), composeStatus(packages));
    return new PrivateTransaction(this, packages);
  }

  async recover({ decided }: { decided: boolean }): Promise<void> {
    if (decided) await this.merge();
    await removeTree(this.work);
  }

  upper(layer: string): string {
    return join(this.work, layer, "upper");
  }

  /** Moves what was written into the tree; goes on where it was when it was cut off. */
  async merge(): Promise<void> {
    for (const { name, path, host } of this.layers) {
      const upper = this.upper(name);
      if (await stat(upper).catch(() => undefined)) await merge(upper, join(this.folder, path), host);
    }
  }

  async hostView(): Promise<string> {
    const now = await hostStamp();
    if (this.#viewed !== now) {
      await buildHostView(this.#hostView, this.layers);
      this.#viewed = now;
    }
    return this.#hostView;
  }

  async mounts(): Promise<Mount[]> {
    const view = await this.hostView();
    const root = join(this.work, "root-folder");
    const mounts: Mount[] = [];
    for (const { name, path, host } of this.layers) {
      const below = [join(this.folder, path), join(view, path), host ?? ""];
      const lower = (await existing(below)).join(":");
      const work = join(this.work, name, "work");
      // A mount that does not sync leaves a mark there against another one. This change is synced when it is whole.
      await removeTree(work);
      await mkdir(work);
      const layers = `lowerdir=${lower},upperdir=${this.upper(name)},workdir=${work}`;
      mounts.push({
        target: join(root, path),
        type: "overlay",
        options: `userxattr,volatile,nodev,${layers}`,
      });
    }
    // Read-only for want of an upper layer: a bind mount would have to keep the flags of the folder's own mount.
    const packages = `lowerdir=${this.packagesFolder}:${join(view, PACKAGES)}`;
    mounts.push(
      { target: join(root, PACKAGES), type: "overlay", options: packages },
      { target: join(root, OURS), type: "tmpfs", options: "ro,mode=0" },
      // All of it read-only: what root may write there would change the machine.
      { target: join(root, "proc"), type: "proc", options: "ro,nosuid,nodev,noexec" },
      ...DEVICES.map((device) => ({
        target: join(root, device),
        source: device,
        type: "none",
        options: "bind",
      })),
    );
    return mounts;
  }
}

class PrivateTransaction implements Transaction {
  readonly packagesFolder = PACKAGES;
  readonly #root: PrivateRoot;
  readonly #before: PrivatePackages;
  /** What the commands have left, until the next one. */
  #after: InstalledPackage[] | undefined;

  constructor(root: PrivateRoot, before: PrivatePackages) {
    this.#root = root;
    this.#before = before;
  }

  /** Who is not root does not own the host's folders: those that files go into have to be there in an upper layer. */
  async expect({ files }: { files: readonly string[] }): Promise<void> {
    if (process.geteuid?.() === 0) return;
    const folders = new Set<string>();
    for (const file of files) {
      for (const path of await packagePaths(file)) {
        for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
      }
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
    });
  }

  async packageFilesIn(folder: string): Promise<string[]> {
    const path = join(this.#root.upper("root"), folder);
    const names = await readdir(path).catch(() => []);
    return names.filter((name) => name.endsWith(".deb")).map((name) => join(path, name));
  }

  async packages() {
    if (this.#after === undefined) {
      const status = await readFile(join(this.#root.upper("var-lib-dpkg"), "status"), "utf8");
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
    for (const [layer, paths] of Object.entries(PASSING)) {
      for (const path of paths) await removeTree(join(this.#root.upper(layer), path));
    }
    await this.#refuseMovedFolders();
    await syncFileSystem(this.#root.work);
    await decide();
    await this.#root.merge();
    await removeTree(this.#root.work);
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

async function existing(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    folders.map((folder) => folder !== "" && stat(folder).catch(() => undefined)),
  );
  return folders.filter((_, index) => found[index]);
}
