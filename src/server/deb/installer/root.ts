import type { InstalledPackage } from "./package-database.ts";
import type { ProcessResult } from "./process.ts";

/** How one command of a change is run. */
export interface CommandOptions {
  /** Only what runs nothing of a plugin's gets the network. */
  network: boolean;
  /** Longest time in seconds; everything that was started is ended after it. */
  seconds: number;
  log: (text: string) => void;
  signal: AbortSignal;
}

/** A tree with a dpkg database that packages go into: this machine's, or one of its own. */
export interface PackageRoot {
  /** Where the tree's `/` is on this machine. */
  readonly folder: string;
  /** Architecture of its packages, as dpkg calls it. */
  readonly architecture: string;
  /** Files that dpkg locks while it changes the packages of this root. */
  readonly lockFiles: readonly string[];
  /** Packages that were put into the tree, and those that it only stands on. */
  packages(): Promise<{ own: InstalledPackage[]; others: InstalledPackage[] }>;
  /** Begins a change, of which there is one at a time; `id` names it in the recovery after a crash. */
  begin(id: string): Promise<Transaction>;
  /** Undoes or finishes the change that a crash cut off. */
  recover(change: { id: string; decided: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** A change of a root that is there as a whole or not at all. */
export interface Transaction {
  /** Folder of kept packages as the commands see it. */
  readonly packagesFolder: string;
  /**
   * To be called before a command that puts files into place (paths relative to the root, with those of folders), or changes
   * packages (by name).
   */
  expect(change: { paths: readonly string[]; packages: readonly string[] }): Promise<void>;
  /** Runs a command in the root, as root of it. @throws TIMEOUT, CANCELLED, UNAVAILABLE. */
  run(command: readonly [string, ...string[]], options: CommandOptions): Promise<ProcessResult>;
  /** Absolute paths on this machine of the package files in a folder of the root. */
  packageFilesIn(folder: string): Promise<string[]>;
  /** The packages as the commands have left them. */
  packages(): Promise<InstalledPackage[]>;
  /** Takes away a file of the root, as a command could. */
  removeFile(path: string): Promise<void>;
  /** Makes durable what the commands did; `decide` records that it is to stay, and from then on it does. */
  commit(decide: () => Promise<void>): Promise<void>;
  /** Leaves packages and files as they were before the change. */
  rollback(): Promise<void>;
}
