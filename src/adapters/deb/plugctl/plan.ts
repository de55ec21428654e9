import { packageName, pluginOfPackage } from "../../../core/deb/package-name.ts";
import type { InstallationChange } from "../../../core/installation.ts";
import { nameOf } from "../plugin-id.ts";
import type { WirePlan } from "./schema.ts";

/** A plan in sentences: what is built, put in and taken out, in order; none where nothing has to be done. */
export function planned(label: string, plan: WirePlan): InstallationChange {
  const { plugin, steps, install, remove, warnings } = plan;
  const own = plugin && install.find((change) => change.package === packageName(plugin));
  return {
    name: plugin ? nameOf(plugin) : label,
    version: plugin?.version ?? null,
    previousVersion: own?.from ?? null,
    state: install.length + remove.length === 0 ? "installed" : "available",
    changed: false,
    warnings,
    plan: [
      ...install
        .filter(() => steps.includes("building"))
        .flatMap(({ package: name, version, plugin: isPlugin }) =>
          isPlugin ? [`build ${nameOfPackage(name)} ${version}`] : [],
        ),
      ...install.map(installed),
      ...remove.map(({ package: name, version }) => `remove ${nameOfPackage(name)} ${version}`),
    ],
    ...{ install, remove },
  };
}

function installed({ package: name, version, from, plugin }: WirePlan["install"][number]): string {
  const was = from === undefined || from === null ? "" : ` (now ${from})`;
  return plugin
    ? `install ${nameOfPackage(name)} ${version}${was}`
    : `add the package ${name} ${version}${was}`;
}

/** A plugin by its name, any other package by its own. */
function nameOfPackage(name: string): string {
  const plugin = pluginOfPackage(name);
  return plugin === undefined ? name : nameOf(plugin);
}
