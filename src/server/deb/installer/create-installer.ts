import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Logger } from "pino";
import { type PluginId, packageName } from "../../../core/deb/package-name.ts";
import { PlugctlError } from "../../../core/errors.ts";
import { makeDurableDirectory } from "../../storage/durable.ts";
import type { UsageLimits } from "../builder/limits.ts";
import { Changes } from "./changes.ts";
import { installedPlugins } from "./installed-plugins.ts";
import type { PackageInstaller } from "./installer.ts";
import { Journal } from "./journal.ts";
import { KeptPackages } from "./kept-packages.ts";
import { CHANGE_LIMITS } from "./limits.ts";
import { openMachineRoot } from "./machine-root/machine-root.ts";
import { openPrivateRoot } from "./private-root/private-root.ts";
import type { PackageRoot } from "./root.ts";
import { verifyPlugin } from "./verification.ts";

export interface InstallerOptions {
  /** The tree that packages go into: `/` is this machine itself, which needs root; any other is one of its own. */
  root: string;
  /** What the installer knows of the tree: journal, kept packages. It belongs to one root for good. */
  stateDir: string;
  log: Logger;
  /** Longest time of one command, in seconds. Default 600. */
  stepSeconds?: number;
  /** How long to wait for somebody else's dpkg, in seconds. Default 60, or a step's time where that is less. */
  lockSeconds?: number;
  /** Of commands in a tree of its own; on this machine itself they run without. */
  limits?: Partial<UsageLimits>;
  now?: () => Date;
}

/**
 * Opens the root and the installer's own files.
 * @throws UNAVAILABLE where this system cannot install packages into such a root; CONFIG, INVALID for a folder that cannot be one.
 */
export async function createInstaller(options: InstallerOptions): Promise<PackageInstaller> {
  const { log, stepSeconds = 600, now = () => new Date() } = options;
  const { lockSeconds = Math.min(60, stepSeconds) } = options;
  const stateDir = resolve(options.stateDir);
  await makeDurableDirectory(stateDir);
  const kept = new KeptPackages(stateDir);
  await kept.open();
  const limits = { ...CHANGE_LIMITS, ...options.limits };
  const root = await openRoot(resolve(options.root), { stateDir, kept, limits });
  const journal = new Journal(stateDir);
  const changes = new Changes({ root, journal, kept, log, stepSeconds, lockSeconds, now });
  const plugins = async () => installedPlugins((await root.packages()).own, root.folder);
  const plugin = async ({ namespace, name }: PluginId) =>
    (await plugins()).find((one) => one.namespace === namespace && one.name === name);

  return {
    plugins,
    plugin,
    plan: (change, planOptions) => changes.plan(change, planOptions),
    apply: (change, applyOptions) => changes.apply(change, applyOptions),
    async previous(id) {
      const name = packageName(id);
      const previous = (await kept.records())[name]?.previous;
      if (previous === null || previous === undefined || !(await kept.has(previous.sha256))) return undefined;
      return { ...previous, file: kept.path(previous.sha256), package: name };
    },
    verify: async (id) => verifyPlugin(id, root, kept),
    async recover() {
      const settled = await changes.settle();
      if (settled === undefined) return { undone: [], finished: [] };
      const ids = [settled.id];
      return settled.finished ? { undone: [], finished: ids } : { undone: ids, finished: [] };
    },
    queue: () => changes.queue.ids,
    close: () => changes.close(),
  };
}

async function openRoot(
  folder: string,
  { stateDir, kept, limits }: { stateDir: string; kept: KeptPackages; limits: UsageLimits },
): Promise<PackageRoot> {
  const parts = { stateDir, packagesFolder: kept.folder, architecture: await nativeArchitecture() };
  if (folder !== "/") return openPrivateRoot({ ...parts, folder, limits });
  return openMachineRoot({
    ...parts,
    async installedFile(name) {
      const current = (await kept.records())[name]?.current;
      return current && (await kept.has(current.sha256)) ? kept.path(current.sha256) : undefined;
    },
  });
}

async function nativeArchitecture(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("dpkg", ["--print-architecture"]);
    return stdout.trim();
  } catch (cause) {
    throw new PlugctlError("UNAVAILABLE", "packages cannot be installed: dpkg does not run here", {
      hint: "run the server on Debian or one of its derivatives, with the package dpkg",
      cause,
    });
  }
}
