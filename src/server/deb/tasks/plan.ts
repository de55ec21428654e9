import { rm } from "node:fs/promises";
import type { PluginId } from "../../../core/deb/package-name.ts";
import { cancelledError } from "../../../core/errors.ts";
import type { ChangePlan, PackageChange, PackageInstaller } from "../installer/installer.ts";
import { pluginKey } from "../market/local-values.ts";
import type { TaskOrder } from "./orders.ts";
import { Preparation, type PreparationParts, type Prepared } from "./preparation.ts";
import { removalChange } from "./removal.ts";
import { rollbackChange } from "./rollback.ts";
import { INSTALL_STATUSES, type TaskStatus, UNINSTALL_STATUSES } from "./statuses.ts";
import type { StepListener } from "./step-listener.ts";

/** A package with nothing in it but what it needs: dpkg and apt can say what installing the real one would come to. */
export type MakeProbe = (
  plugin: Extract<Prepared<StepListener>, { kind: "ready" }>,
) => Promise<PackageChange["install"][number]>;

export interface PlanParts extends PreparationParts {
  installer: PackageInstaller;
  makeProbe: MakeProbe;
}

/** What a task would do. */
export interface TaskPlan extends Pick<ChangePlan, "install" | "remove"> {
  plugin: (PluginId & { version: string }) | null;
  /** Statuses that the task would go through. */
  steps: TaskStatus[];
  warnings: string[];
}

/** Of a package that was built elsewhere. */
const PACKAGE_STEPS: readonly TaskStatus[] = [
  "starting",
  "validating",
  "updating",
  "installing",
  "cleaning",
  "completed",
];

const silent = (signal: AbortSignal): StepListener => ({
  signal,
  installOptions: undefined,
  async enter() {
    if (signal.aborted) throw cancelledError();
  },
  print: () => undefined,
});

/** Finds out what an order would come to. Sources are fetched and read; nothing of a plugin's is run, nothing is changed. */
export async function planTask(parts: PlanParts, order: TaskOrder, signal: AbortSignal): Promise<TaskPlan> {
  switch (order.action) {
    case "remove": {
      const { remove } = await parts.installer.plan(removalChange(order), { signal });
      return { plugin: null, steps: [...UNINSTALL_STATUSES], install: [], remove, warnings: [] };
    }
    case "rollback": {
      const { namespace, name } = order;
      const change = await rollbackChange(parts.installer, order);
      const { install, remove } = await parts.installer.plan(change, { signal });
      const version = change.install[0]?.version ?? "";
      const steps: TaskStatus[] = ["starting", "updating", "installing", "cleaning", "completed"];
      return { plugin: { namespace, name, version }, steps, install, remove, warnings: [] };
    }
    case "install":
      return planInstallation(parts, order, signal);
  }
}

async function planInstallation(
  parts: PlanParts,
  order: Extract<TaskOrder, { action: "install" }>,
  signal: AbortSignal,
): Promise<TaskPlan> {
  const preparation = new Preparation<StepListener>(parts, async () => silent(signal));
  const probes: string[] = [];
  try {
    const root = await preparation.root(silent(signal), order);
    if (root.kind === "refused") throw root.error;
    if (root.kind === "satisfied") {
      const steps: TaskStatus[] = ["starting", "downloading", "extracting", "validating", "completed"];
      return {
        plugin: { ...root.plugin, version: root.version },
        steps,
        install: [],
        remove: [],
        warnings: [],
      };
    }
    const install: PackageChange["install"][number][] = [];
    const warnings: string[] = [];
    await collect(root, { parts, install, warnings, probes, seen: new Set() });
    const change = { install, remove: [], allowDowngrade: order.allowDowngrade, removeDependents: false };
    const plan = await parts.installer.plan(change, { signal });
    return {
      plugin: idOf(root),
      steps: root.kind === "ready" ? [...INSTALL_STATUSES] : [...PACKAGE_STEPS],
      install: plan.install,
      remove: plan.remove,
      warnings: [
        ...warnings,
        ...(plan.needsUpdate ? ["the lists of Debian's archives would be read anew first"] : []),
      ],
    };
  } finally {
    for (const file of probes) await rm(file, { force: true });
    await preparation.discard();
  }
}

function idOf(prepared: Exclude<Prepared<StepListener>, { kind: "refused" }>): TaskPlan["plugin"] {
  if (prepared.kind === "satisfied") return { ...prepared.plugin, version: prepared.version };
  const { namespace, name } = prepared.kind === "ready" ? prepared.description : prepared.file.plugin;
  const { version } = prepared.kind === "ready" ? prepared.description : prepared.file;
  return { namespace, name, version };
}

interface Collection {
  parts: PlanParts;
  install: PackageChange["install"][number][];
  warnings: string[];
  /** Files to remove. */
  probes: string[];
  seen: Set<Prepared<StepListener>>;
}

/** Dependencies first. */
async function collect(prepared: Prepared<StepListener>, collection: Collection): Promise<void> {
  const { parts, install, warnings, probes, seen } = collection;
  if (seen.has(prepared)) return;
  seen.add(prepared);
  if (prepared.kind === "refused") {
    warnings.push(`${pluginKey(prepared.plugin)} cannot be installed: ${prepared.error.message}`);
  } else if (prepared.kind === "package") install.push(prepared.file);
  else if (prepared.kind === "ready") {
    for (const dependency of prepared.dependencies) await collect(dependency, collection);
    const probe = await parts.makeProbe(prepared);
    probes.push(probe.file);
    install.push(probe);
  }
}
