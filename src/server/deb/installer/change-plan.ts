import type { AptPackage } from "./apt.ts";
import type { AppliedChange, ChangePlan } from "./installer.ts";
import type { InstalledPackage } from "./package-database.ts";
import { isPlugin, type LocalPlan } from "./planning.ts";

/** @param added what apt adds; undefined = its lists do not know yet. */
export function toChangePlan(plan: LocalPlan, added: readonly AptPackage[] | undefined): ChangePlan {
  const names = new Set(plan.install.map(({ candidate }) => candidate.name));
  return {
    install: [
      ...(added ?? [])
        .filter(({ name }) => !names.has(name))
        .map(({ name, version, from, sizeBytes }) => ({
          package: name,
          version,
          from,
          plugin: false,
          sizeBytes,
        })),
      ...plan.install.map(({ candidate, from }) => ({
        package: candidate.name,
        version: candidate.version,
        from: versionBefore(from),
        plugin: isPlugin(candidate),
        sizeBytes: candidate.sizeBytes,
      })),
    ],
    remove: plan.remove.map(({ installed }) => ({
      package: installed.name,
      version: installed.version,
      plugin: isPlugin(installed),
    })),
    needsUpdate: added === undefined,
  };
}

export const toAppliedChange = (plan: LocalPlan): AppliedChange => ({
  installed: plan.install.map(({ candidate, from }) => ({
    package: candidate.name,
    version: candidate.version,
    previousVersion: versionBefore(from),
  })),
  removed: plan.remove.map(({ installed }) => ({ package: installed.name, version: installed.version })),
});

/** Of what only left its configuration there is no version any more. */
const versionBefore = (from: InstalledPackage | undefined): string | null =>
  from === undefined || from.status === "config-files" ? null : from.version;
