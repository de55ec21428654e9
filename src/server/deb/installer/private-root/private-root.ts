import { chmod, mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { conflictError, invalidError } from "../../../../core/errors.ts";
import { type FileLock, lockFile } from "../../../storage/file-lock.ts";
import type { UsageLimits } from "../../builder/limits.ts";
import { removeLeftovers } from "../../sources/remove-tree.ts";
import { folderWithin, removeTree } from "../files.ts";
import type { PackageRoot, Transaction } from "../root.ts";
import { composeStatus, hostStamp, type PrivatePackages, readPrivatePackages } from "./database.ts";
import { buildHostView, DEVICES } from "./host-view.ts";
import { type Layer, layersOfHost } from "./layers.ts";
import { prepareMerge } from "./merge.ts";
import type { Mount } from "./sandbox.ts";
import { PrivateTransaction } from "./transaction.ts";

/**
 * Folder of ours in the tree, which nothing of a package's sees: a lock, and what a change writes until it is merged. Within
 * the tree, since renames do not cross file systems.
 */
export const OURS = ".plugctl";

/** How the names of what changes have left begin, in there. */
const OLD = "old-";

/** Where the kept packages are to be seen in the root. */
export const PACKAGES = "/run/packages";

export interface PrivateRootOptions {
  /** The tree; made if it is not there. */
  folder: string;
  /** For what belongs to the root and is not in its tree. */
  stateDir: string;
  /** Folder of the kept packages. */
  packagesFolder: string;
  architecture: string;
  limits: UsageLimits;
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

export class PrivateRoot implements PackageRoot {
  readonly folder: string;
  readonly architecture: string;
  readonly packagesFolder: string;
  /** What its commands may use. */
  readonly limits: UsageLimits;
  readonly layers: readonly Layer[];
  readonly #hostView: string;
  #lock: FileLock | undefined;
  /** Of what changes have left. */
  #removal: Promise<void> = Promise.resolve();
  /** The last view that was begun, and the state of the host that it is made of. */
  #view: { of: string; made: Promise<void> } | undefined;

  constructor(options: PrivateRootOptions, layers: readonly Layer[]) {
    this.folder = options.folder;
    this.architecture = options.architecture;
    this.packagesFolder = options.packagesFolder;
    this.limits = options.limits;
    this.layers = layers;
    this.#hostView = join(options.stateDir, "host-view", "root");
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
    await removeLeftovers(join(this.folder, OURS), OLD);
    // It takes longer than a whole change, and the first one is to find it made. That one says what is wrong with it.
    this.hostView().catch(() => {});
  }

  async close(): Promise<void> {
    await this.#view?.made.catch(() => {});
    await this.#removal;
    this.#lock?.release();
  }

  get lockFiles(): readonly string[] {
    return ["lock-frontend", "lock"].map((name) => join(this.folder, "var/lib/dpkg", name));
  }

  packages(): Promise<PrivatePackages> {
    return readPrivatePackages(this.folder, this.architecture);
  }

  /** Takes what a change has left out of the way; nobody has to wait until it is removed. */
  async discardChange(): Promise<void> {
    const old = join(this.folder, OURS, `${OLD}${crypto.randomUUID()}`);
    await rename(this.work, old);
    // Should it fail, the next start tries again.
    this.#removal = this.#removal.then(() => removeTree(old)).catch(() => {});
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
    if (decided) await (await this.prepareMerge())();
    await removeTree(this.work);
  }

  upper(layer: string): string {
    return join(this.work, layer, "upper");
  }

  /** @returns what moves that which was written into the tree; it goes on where it was when it was cut off. */
  async prepareMerge(): Promise<() => Promise<void>> {
    const written = await existing(this.layers.map(({ name }) => this.upper(name)));
    return prepareMerge(
      this.layers
        .map(({ name, path, host }) => ({ upper: this.upper(name), tree: join(this.folder, path), host }))
        .filter(({ upper }) => written.includes(upper)),
    );
  }

  async hostView(): Promise<string> {
    const now = await hostStamp();
    if (this.#view?.of !== now) {
      const before = this.#view?.made.catch(() => {});
      const view = {
        of: now,
        made: Promise.resolve(before).then(() => buildHostView(this.#hostView, this.layers)),
      };
      this.#view = view;
      view.made.catch(() => {
        if (this.#view === view) this.#view = undefined;
      });
    }
    await this.#view.made;
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

async function existing(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    folders.map((folder) => folder !== "" && stat(folder).catch(() => undefined)),
  );
  return folders.filter((_, index) => found[index]);
}
