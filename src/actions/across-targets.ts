import type { Target } from "../config/config.ts";
import type { Capabilities, Capability } from "../core/capabilities.ts";
import { notFoundError, type PlugctlError, toPlugctlError, usageError } from "../core/errors.ts";
import type { Plugin, PluginDetail } from "../core/plugin.ts";
import { formatReference, type PluginReference } from "../core/reference.ts";

/** The part of the host that looking at targets needs. */
export interface TargetAccess {
  targets(capability: Capability): Promise<Target[]>;
  target(capability: Capability, named?: string): Promise<Target>;
  use<C extends Capability>(capability: C, target: Target): Promise<Capabilities[C]>;
}

export interface TargetFailure {
  target: string;
  error: PlugctlError;
}

/** A plugin with the target that it was found on. */
export type Found<T = Plugin> = T & { target: string; kind: string };

/**
 * Asks all targets at once, each within its own time limit. What some could not answer comes back as failures;
 * when none answered, the first failure is thrown.
 */
export async function acrossTargets<C extends Capability, T extends object>(
  access: TargetAccess,
  capability: C,
  ask: (on: Capabilities[C]) => Promise<T[]>,
): Promise<{ plugins: Found<T>[]; failures: TargetFailure[] }> {
  const targets = await access.targets(capability);
  const { answers, failures } = await askAll(access, targets, capability, ask);
  const plugins = answers.flatMap(({ target, answer }) =>
    answer.map((plugin) => ({ target: target.name, kind: target.kind, ...plugin })),
  );
  return { plugins, failures };
}

/**
 * Details of one plugin; without a target in the reference it is looked for on all of them.
 * @throws NOT_FOUND, USAGE when several targets have it.
 */
export async function findPlugin(
  access: TargetAccess,
  reference: PluginReference,
): Promise<{ detail: PluginDetail & { target: string }; failures: TargetFailure[] }> {
  if (reference.target !== undefined) {
    const target = await access.target("inspection", reference.target);
    const detail = await (await access.use("inspection", target)).info(reference);
    return { detail: { target: target.name, ...detail }, failures: [] };
  }
  const targets = await access.targets("inspection");
  const { answers, failures } = await askAll(access, targets, "inspection", (on) =>
    on.info(reference).catch((error) => {
      if (toPlugctlError(error).code === "NOT_FOUND") return undefined;
      throw error;
    }),
  );
  const found = answers.flatMap(({ target, answer }) =>
    answer === undefined ? [] : [{ ...answer, target: target.name }],
  );
  const [only, ...others] = found;
  if (only === undefined) {
    const name = formatReference(reference);
    throw notFoundError(`no target has a plugin "${name}"`, {
      hint: `searched: ${targets.map((target) => target.name).join(", ")}; plugctl search finds by words`,
    });
  }
  if (others.length > 0) {
    throw usageError(`several targets have "${reference.name}"`, {
      hint: `name one: ${found.map(({ target }) => formatReference({ ...reference, target })).join(", ")}`,
    });
  }
  return { detail: only, failures };
}

async function askAll<C extends Capability, T>(
  access: TargetAccess,
  targets: readonly Target[],
  capability: C,
  ask: (on: Capabilities[C]) => Promise<T>,
): Promise<{ answers: { target: Target; answer: T }[]; failures: TargetFailure[] }> {
  const answers: { target: Target; answer: T }[] = [];
  const failures: TargetFailure[] = [];
  const settled = await Promise.allSettled(
    targets.map(async (target) => ask(await access.use(capability, target))),
  );
  for (const [index, outcome] of settled.entries()) {
    const target = targets[index];
    if (target === undefined) continue;
    if (outcome.status === "fulfilled") answers.push({ target, answer: outcome.value });
    else failures.push({ target: target.name, error: toPlugctlError(outcome.reason) });
  }
  if (answers.length === 0 && failures[0] !== undefined) throw failures[0].error;
  return { answers, failures };
}
