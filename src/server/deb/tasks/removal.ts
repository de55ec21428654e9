import { type PluginId, packageName, pluginOfPackage } from "../../../core/deb/package-name.ts";
import { notFoundError } from "../../../core/errors.ts";
import type { PackageChange, PackageInstaller } from "../installer/installer.ts";
import { pluginKey } from "../market/local-values.ts";
import { forgetPlugin } from "../plugins/records.ts";
import type { RemoveOrder } from "./orders.ts";
import { Task, type TaskServices } from "./task.ts";

export interface RemovalParts {
  services: TaskServices;
  installer: PackageInstaller;
}

/** What a removal came to: the result of its operation. */
export interface RemoveResult extends PluginId {
  version: null;
  previousVersion: string | null;
  package: string;
  changed: true;
  warnings: string[];
}

export const removalChange = ({ purge, removeDependents, ...plugin }: RemoveOrder): PackageChange => ({
  install: [],
  remove: [{ package: packageName(plugin), purge }],
  allowDowngrade: false,
  removeDependents,
});

/** Removes a plugin; each one that goes with it, because it needs it, has a task of its own. Ends them all, whatever happens. */
export async function runRemoval(
  { services, installer }: RemovalParts,
  task: Task,
  order: RemoveOrder,
): Promise<RemoveResult> {
  const dependents: { task: Task; plugin: PluginId; version: string }[] = [];
  try {
    const { namespace, name } = order;
    const plugin = { namespace, name };
    const installed = await installer.plugin(plugin);
    if (installed === undefined) throw notFoundError(`${pluginKey(plugin)} is not installed`);
    task.describe(plugin, installed.version, installed.version);
    const change = removalChange(order);
    const plan = await installer.plan(change, { signal: task.signal });
    for (const { package: name, version } of plan.remove) {
      const other = pluginOfPackage(name);
      if (other === undefined || name === packageName(plugin)) continue;
      const child = await openDependent(services, task, other, version);
      dependents.push({ task: child, plugin: other, version });
    }
    await task.enter("removing", `removing ${pluginKey(plugin)}`);
    for (const dependent of dependents) {
      await dependent.task.enter("removing", `removing ${pluginKey(dependent.plugin)}`);
    }
    const applied = await installer.apply(change, {
      id: task.id,
      onStep: (step) => {
        if (step === "queued") task.note("waiting for changes that came before");
      },
      log: task.print,
      signal: task.signal,
    });
    for (const { task: child, plugin: other, version } of dependents) {
      await child.succeed(removed(other, version), (trx) => forgetPlugin(trx, other));
    }
    const version = applied.removed.find((gone) => gone.package === packageName(plugin))?.version;
    const result = removed(plugin, version ?? installed.version);
    if (dependents.length > 0) {
      const names = dependents.map((dependent) => pluginKey(dependent.plugin)).join(", ");
      result.warnings.push(`these needed it and were removed as well: ${names}`);
    }
    await task.succeed(result, (trx) => forgetPlugin(trx, plugin));
    return result;
  } catch (thrown) {
    for (const dependent of dependents) await dependent.task.fail(thrown);
    throw await task.fail(thrown);
  }
}

async function openDependent(
  services: TaskServices,
  parent: Task,
  plugin: PluginId,
  version: string,
): Promise<Task> {
  const task = await Task.open(services, {
    action: "remove",
    actor: parent.actor,
    request: { action: "remove", ...plugin },
    plugin,
    parent,
  });
  task.describe(plugin, version, version);
  return task;
}

const removed = (plugin: PluginId, previousVersion: string): RemoveResult => ({
  namespace: plugin.namespace,
  name: plugin.name,
  version: null,
  previousVersion,
  package: packageName(plugin),
  changed: true,
  warnings: [],
});
