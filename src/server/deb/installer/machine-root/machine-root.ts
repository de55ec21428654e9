import { spawn } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PlugctlError } from "../../../../core/errors.ts";
import { ENVIRONMENT } from "../environment.ts";
import { removeTree, syncFileSystem } from "../files.ts";
import { type InstalledPackage, readStatus } from "../package-database.ts";
import { follow } from "../process.ts";
import type { CommandOptions, PackageRoot, Transaction } from "../root.ts";
import { CHANGE_VARIABLE, endProcesses } from "./processes.ts";
import { Snapshot } from "./snapshot.ts";

const STATUS = "/var/lib/dpkg/status";

/** Longest time for one step of an undoing, in seconds: there is nobody to ask whether it may take longer. */
const UNDO_SECONDS = 300;

export interface MachineRootOptions {
  stateDir: string;
  packagesFolder: string;
  architecture: string;
  /** The kept file of what is installed of a package. */
  installedFile: (name: string) => Promise<string | undefined>;
}

/**
 * This machine itself. Scripts run as they do under apt, with the machine's network and services. Before each command what
 * it can touch is copied; undoing puts the packages back with dpkg, so that their scripts can take back what they did elsewhere,
 * and then the files and dpkg's records from the copy.
 * @throws UNAVAILABLE for who is not root.
 */
export function openMachineRoot(options: MachineRootOptions): PackageRoot {
  if (process.geteuid?.() !== 0) {
    throw new PlugctlError("UNAVAILABLE", "only root can install packages on this machine itself", {
      hint: "run the server as root, or choose another root than / with --deb-root",
    });
  }
  return new MachineRoot(options);
}

class MachineRoot implements PackageRoot {
  readonly folder = "/";
  readonly lockFiles = ["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"];
  readonly architecture: string;
  readonly options: MachineRootOptions;

  constructor(options: MachineRootOptions) {
    this.options = options;
    this.architecture = options.architecture;
  }

  async packages() {
    return { own: await readStatus(STATUS), others: [] };
  }

  async begin(id: string): Promise<Transaction> {
    await removeTree(this.#snapshotFolder);
    return new MachineTransaction(id, this.options, new Snapshot(this.#snapshotFolder));
  }

  async recover({ id, decided }: { id: string; decided: boolean }): Promise<void> {
    const snapshot = new Snapshot(this.#snapshotFolder);
    if (decided) return snapshot.remove();
    await endProcesses(id);
    if (await snapshot.read()) await new MachineTransaction(id, this.options, snapshot).rollback();
  }

  async close(): Promise<void> {}

  get #snapshotFolder(): string {
    return join(this.options.stateDir, "before");
  }
}

class MachineTransaction implements Transaction {
  readonly packagesFolder: string;
  readonly #id: string;
  readonly #options: MachineRootOptions;
  readonly #snapshot: Snapshot;

  constructor(id: string, options: MachineRootOptions, snapshot: Snapshot) {
    this.#id = id;
    this.#options = options;
    this.#snapshot = snapshot;
    this.packagesFolder = options.packagesFolder;
  }

  expect(change: { paths: readonly string[]; packages: readonly string[] }): Promise<void> {
    return this.#snapshot.add(change);
  }

  async run([program, ...args]: readonly [string, ...string[]], options: Omit<CommandOptions, "network">) {
    // A session of its own, and dead when the server is; what it has started is found by its mark.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], {
      cwd: "/",
      env: { ...ENVIRONMENT, [CHANGE_VARIABLE]: this.#id },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let ending: Promise<void> | undefined;
    const kill = () => {
      ending ??= endProcesses(this.#id);
    };
    try {
      return await follow(child, { ...options, name: program, kill });
    } finally {
      // Otherwise it would end the commands of the undoing as well, which bear the same mark.
      await ending;
    }
  }

  packages(): Promise<InstalledPackage[]> {
    return readStatus(STATUS);
  }

  async packageFilesIn(folder: string): Promise<string[]> {
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => name.endsWith(".deb")).map((name) => join(folder, name));
  }

  async removeFile(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  async commit(decide: () => Promise<void>): Promise<void> {
    await syncFileSystem(STATUS);
    await decide();
    await this.#snapshot.remove();
  }

  async rollback(): Promise<void> {
    await endProcesses(this.#id);
    if (this.#snapshot.isEmpty) return;
    const now = new Map((await this.packages()).map((one) => [one.name, one]));
    const added: string[] = [];
    const replaced: string[] = [];
    for (const { name, before } of this.#snapshot.packages()) {
      const current = now.get(name);
      if (before === undefined) {
        if (current !== undefined) added.push(name);
      } else if (
        before.status === "installed" &&
        (current?.version !== before.version || current.status !== before.status)
      ) {
        const file = await this.#options.installedFile(name);
        if (file !== undefined) replaced.push(file);
      }
    }
    // Whether these go well or not, the copy says how it was. With no package to name, dpkg still ends what it was cut off in.
    await this.#dpkg("--purge", ...(added.length > 0 ? added : ["wazo-plugind-none"]));
    if (replaced.length > 0) await this.#dpkg("--install", ...replaced);
    await endProcesses(this.#id);
    await this.#snapshot.restore();
    await this.#snapshot.remove();
  }

  async #dpkg(...args: readonly string[]): Promise<void> {
    const options = ["--force-depends", "--force-remove-reinstreq", "--force-confdef", "--force-confold"];
    await this.run(["dpkg", ...options, ...args], {
      seconds: UNDO_SECONDS,
      log: () => {},
      signal: new AbortController().signal,
    }).catch(() => undefined);
  }
}
