import type { Target } from "../config/config.ts";
import type { Capabilities, Capability } from "../core/capabilities.ts";
import { formatReference } from "../core/reference.ts";
import type { Host } from "../host.ts";

/** A plugin that a command was given, with what its target can do. */
export interface Addressed<C extends Capability> {
  /** The reference with its target, as other commands accept it. */
  label: string;
  target: Target;
  name: string;
  version: string | undefined;
  on: Capabilities[C];
}

/** @throws USAGE, NOT_FOUND or UNSUPPORTED for a reference that leads nowhere, before anything was done. */
export async function addressed<C extends Capability>(
  host: Host,
  capability: C,
  text: string,
): Promise<Addressed<C>> {
  const reference = host.reference(text);
  const { target, on } = await host.capability(capability, reference.target);
  const { name, version } = reference;
  return { label: formatReference({ ...reference, target: target.name }), target, name, version, on };
}

/** The same for several, on each of the targets that the run names: each once, in the order in which they were given. */
export async function addressedAll<C extends Capability>(
  host: Host,
  capability: C,
  texts: readonly string[],
): Promise<Addressed<C>[]> {
  const found = new Map<string, Addressed<C>>();
  for (const text of texts) {
    const reference = host.reference(text);
    for (const target of await host.eachTarget(capability, reference.target)) {
      const label = formatReference({ ...reference, target: target.name });
      if (found.has(label)) continue;
      const { name, version } = reference;
      found.set(label, { label, target, name, version, on: await host.use(capability, target) });
    }
  }
  return [...found.values()];
}
