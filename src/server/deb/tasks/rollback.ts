import type { PluginId } from "../../../core/deb/package-name.ts";
import { notFoundError } from "../../../core/errors.ts";
import type { PackageChange, PackageInstaller } from "../installer/installer.ts";
import { pluginKey } from "../market/local-values.ts";
import { type InstallResult, type PluginRecord, savePlugin } from "../plugins/records.ts";
import type { TaskJournal } from "./journal.ts";
import type { RollbackOrder } from "./orders.ts";
import type { Task } from "./task.ts";

export interface RollbackParts {
  installer: PackageInstaller;
  journal: TaskJournal;
  now: () => Date;
}

/** @throws NOT_FOUND when the version before is not there any more. */
export async function rollbackChange(installer: PackageInstaller, plugin: PluginId): Promise<PackageChange> {
  const previous = await installer.previous(plugin);
  if (previous === undefined) {
    throw notFoundError(`there is no version before of ${pluginKey(plugin)}`, {
      hint: "only what was installed or updated here can be rolled back",
    });
  }
  return { install: [previous], remove: [], allowDowngrade: true, removeDependents: false };
}

/** Puts the version before the last change back, from its kept package. Ends the task, whatever happens. */
export async function runRollback(
  parts: RollbackParts,
  task: Task,
  order: RollbackOrder,
): Promise<InstallResult> {
  const { installer, journal, now } = parts;
  const { namespace, name } = order;
  const plugin = { namespace, name };
  try {
    const installed = await installer.plugin(plugin);
    const previousVersion = installed?.version ?? null;
    const change = await rollbackChange(installer, plugin);
    const [back] = change.install;
    if (back === undefined) throw new Error("a roll-back installs something");
    task.describe(plugin, back.version, previousVersion);
    await task.enter("updating");
    // What was said of that package when it was installed is still true of it.
    const then = await journal.lastInstallation(plugin, back.sha256);
    const commit = then?.record.commit ?? null;
    const treeSha256 = then?.record.treeSha256 ?? null;
    const same = {
      ...plugin,
      version: back.version,
      previousVersion,
      package: back.package,
      commit,
      treeSha256,
    };
    const result: InstallResult = { ...same, debSha256: back.sha256, changed: true, warnings: [] };
    const record: PluginRecord = {
      ...same,
      debSha256: back.sha256,
      origin: then?.record.origin ?? { type: "upload", id: back.sha256 },
      installedAt: now().toISOString(),
      installedBy: task.actor?.login ?? "system",
    };
    task.promise({ result, record });
    await installer.apply(change, {
      id: task.id,
      onStep: async (step) => {
        if (step === "installing") await task.enter(step, `installing ${back.package} ${back.version}`);
      },
      log: task.print,
      signal: task.signal,
    });
    await task.enterAfterChange("cleaning");
    await task.succeed(result, (trx) => savePlugin(trx, record));
    return result;
  } catch (thrown) {
    throw await task.fail(thrown);
  }
}
