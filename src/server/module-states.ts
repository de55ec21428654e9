import { isPlugctlError, usageError } from "../core/errors.ts";
import type { RunningModule, ServerContext, ServerModule } from "./module.ts";

export type ModuleState = { module: ServerModule } & (
  | { state: "ready"; running: RunningModule }
  | { state: "off" }
  | { state: "unavailable"; reason: string }
);

/** A module as the ready file, `/readyz` and `server/status` show it. */
export type ModuleReport = "ready" | "off" | { unavailable: string };

export interface ModuleSelection {
  only?: readonly string[] | undefined;
  without?: readonly string[] | undefined;
}

function reasonOf(error: unknown): string {
  if (isPlugctlError(error) && error.hint !== undefined) return `${error.message}: ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

/** Names of the modules to start. @throws USAGE for a name that no module has, or when both lists are given. */
export function selectModules(
  modules: readonly ServerModule[],
  { only, without }: ModuleSelection,
): Set<string> {
  const names = modules.map((module) => module.name);
  if (only !== undefined && without !== undefined) {
    throw usageError("--only and --without cannot be used together");
  }
  for (const name of [...(only ?? []), ...(without ?? [])]) {
    if (!names.includes(name)) {
      throw usageError(`the server has no module "${name}"`, { hint: `modules: ${names.join(", ")}` });
    }
  }
  return new Set(names.filter((name) => (only?.includes(name) ?? true) && !without?.includes(name)));
}

/** Starts the selected modules in order. One that cannot run here is noted with its reason; the others go on. */
export async function startModules(
  modules: readonly ServerModule[],
  selected: ReadonlySet<string>,
  context: ServerContext,
): Promise<Map<string, ModuleState>> {
  const states = new Map<string, ModuleState>();
  for (const module of modules) {
    if (!selected.has(module.name)) {
      states.set(module.name, { module, state: "off" });
      continue;
    }
    try {
      states.set(module.name, { module, state: "ready", running: await module.start(context) });
    } catch (error) {
      context.log.warn({ err: error, module: module.name }, "a module cannot run here");
      states.set(module.name, { module, state: "unavailable", reason: reasonOf(error) });
    }
  }
  return states;
}

export function runningModules(states: ReadonlyMap<string, ModuleState>): RunningModule[] {
  return [...states.values()].flatMap((state) => (state.state === "ready" ? [state.running] : []));
}

/** Asks every running module. One that could not be started is a fact of the machine and does not count against it. */
export async function readiness(
  states: ReadonlyMap<string, ModuleState>,
): Promise<{ ready: boolean; modules: Record<string, ModuleReport> }> {
  let ready = true;
  const report = async (state: ModuleState): Promise<ModuleReport> => {
    if (state.state === "off") return "off";
    if (state.state === "unavailable") return { unavailable: state.reason };
    try {
      await state.running.ready?.();
      return "ready";
    } catch (error) {
      ready = false;
      return { unavailable: reasonOf(error) };
    }
  };
  const entries = [...states].map(async ([name, state]) => [name, await report(state)] as const);
  return { modules: Object.fromEntries(await Promise.all(entries)), ready };
}
