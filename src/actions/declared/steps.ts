import type { Capabilities } from "../../core/capabilities.ts";
import { isPlugctlError } from "../../core/errors.ts";
import type { Declaration, DeclaredPlugin } from "./document.ts";

/** What a target can do, as far as bringing it to a document needs it. */
export type Declarable = Pick<Capabilities, "portability" | "listing" | "installation" | "removal">;

/** One difference between a document and a target, and what is done about it. */
export type Step = {
  name: string;
  /** As installed. */
  previousVersion: string | null;
  /** As wanted. */
  version: string | null;
  /** Why something is done. */
  reason: string;
} & ({ action: "install" | "change"; wanted: DeclaredPlugin } | { action: "remove" });

interface Installed {
  version: string | null;
  source: string | null;
  digest: string | null;
}

/** What has to be done to bring a target to a document, in its order. @throws what the target answers. */
export async function stepsTo(
  { plugins }: Declaration,
  on: Declarable,
  { prune }: { prune: boolean },
): Promise<Step[]> {
  const installed = await installedOn(on);
  const steps = plugins.flatMap((wanted): Step[] => {
    const { name, version } = wanted;
    const there = installed.get(name);
    if (there === undefined) {
      return [
        { action: "install", name, previousVersion: null, version, reason: "is not installed", wanted },
      ];
    }
    const reason = difference(there, wanted);
    if (reason === undefined) return [];
    return [{ action: "change", name, previousVersion: there.version, version, reason, wanted }];
  });
  if (!prune) return steps;
  const wanted = new Set(plugins.map(({ name }) => name));
  const superfluous = [...installed].filter(([name]) => !wanted.has(name));
  return [
    ...steps,
    ...superfluous.map(
      ([name, { version }]): Step => ({
        ...{ action: "remove", name, previousVersion: version, version: null },
        reason: "is not in the document",
      }),
    ),
  ];
}

function difference(there: Installed, wanted: DeclaredPlugin): string | undefined {
  if (there.version !== wanted.version) return "has another version";
  if (there.digest !== null && wanted.digest !== null) {
    return there.digest === wanted.digest ? undefined : "has other content";
  }
  if (there.source !== null && there.source !== wanted.source) return "is from another source";
  return undefined;
}

/** By name; a target that cannot describe what it has is known by its versions only. */
async function installedOn({ portability, listing }: Declarable): Promise<Map<string, Installed>> {
  try {
    return new Map((await portability.export(undefined)).map((plugin) => [plugin.name, plugin]));
  } catch (error) {
    if (!isPlugctlError(error) || error.code !== "UNSUPPORTED") throw error;
    const plugins = await listing.list();
    return new Map(plugins.map(({ name, version }) => [name, { version, source: null, digest: null }]));
  }
}
