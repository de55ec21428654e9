import { rm } from "node:fs/promises";
import { cancelledError } from "../../../core/errors.ts";
import type { ServerContext } from "../../module.ts";
import type { PackageInstaller } from "../installer/installer.ts";
import type { KeptPackages } from "../plugins/kept-packages.ts";
import { forgetPlugin, savePlugin } from "../plugins/records.ts";
import type { PackageRepository } from "../repository/repository.ts";
import { toWazoErrors } from "./failure.ts";
import { CHANNEL } from "./installation.ts";
import type { TaskJournal } from "./journal.ts";
import type { TaskRecord } from "./task-record.ts";

export interface RecoveryParts {
  context: Pick<ServerContext, "audit" | "operations" | "log">;
  installer: PackageInstaller;
  journal: TaskJournal;
  packages: KeptPackages;
  repository: PackageRepository;
}

/** Tasks whose operation may have been cut off after their own end, newest first. */
const LOOKED_AT = 100;

/** As the operations of tasks that a crash cut off say it. */
const STOPPED = cancelledError("the server stopped");

/**
 * Ends the tasks that a crash cut off, once the installer has settled their changes: one whose change was made is completed,
 * every other one failed and has left nothing. Call it before the first task.
 */
export async function recoverTasks(parts: RecoveryParts): Promise<void> {
  const { context, installer, journal } = parts;
  const { undone, finished } = await installer.recover();
  for (const task of await journal.unfinished()) {
    const completed =
      finished.includes(task.id) || (!undone.includes(task.id) && (await wasMade(parts, task)));
    await (completed ? complete(parts, task) : fail(parts, task));
    context.log.warn({ task: task.id, completed }, "a task that was cut off has been settled");
  }
  for (const task of await journal.latest(LOOKED_AT)) {
    const operation = await context.operations.get(task.id);
    if (operation?.state !== "interrupted" || task.status !== "completed") continue;
    await context.operations.settle(task.id, { state: "succeeded", result: task.result, error: null });
  }
}

/** True when what the task was about to do is how things are: its change was made, and its end not recorded. */
async function wasMade({ installer }: RecoveryParts, { action, status, plugin, promised }: TaskRecord) {
  if (plugin === null) return false;
  if (action === "remove") {
    return status === "removing" && (await installer.plugin(plugin))?.metadata === undefined;
  }
  if (promised === null || (status !== "installing" && status !== "cleaning")) return false;
  const installed = await installer.plugin(plugin);
  return installed?.status === "installed" && installed.version === promised.result.version;
}

async function complete({ journal, packages, repository, context }: RecoveryParts, task: TaskRecord) {
  const { plugin, promised } = task;
  if (promised === null) {
    const result = { ...plugin, version: null, previousVersion: task.version, changed: true, warnings: [] };
    await journal.end(task, { status: "completed", result }, async (trx) => {
      if (plugin !== null) await forgetPlugin(trx, plugin);
    });
    return;
  }
  const { result, record } = promised;
  await journal.end(task, { status: "completed", result }, (trx) => savePlugin(trx, record));
  try {
    const { file } = await packages.file(record.debSha256);
    await repository.add(file, CHANNEL).finally(() => rm(file, { force: true }));
  } catch (error) {
    context.log.warn({ err: error, package: record.package }, "a package was not published");
  }
}

async function fail({ journal, context }: RecoveryParts, task: TaskRecord) {
  const { code, message } = STOPPED;
  const error = { code, message, details: { step: task.status } };
  const errors = toWazoErrors(STOPPED, task.status, undefined);
  await journal.end(task, { status: "error", error, errors: { ...errors }, log: "" });
  await context.audit.record({
    actor: null,
    action: `plugin.${task.action}`,
    resource: task.plugin === null ? "plugin" : `plugin:${task.plugin.namespace}/${task.plugin.name}`,
    outcome: "failed",
    ip: null,
    requestId: null,
    detail: { task: task.id, code: STOPPED.code },
  });
}
