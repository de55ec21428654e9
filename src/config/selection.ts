import { ADAPTERS, kindsWith } from "../adapters/index.ts";
import { CAPABILITY_WORDS, type Capability, unsupportedError } from "../core/capabilities.ts";
import { notFoundError, usageError } from "../core/errors.ts";
import type { Config, Target } from "./config.ts";
import type { Settings } from "./settings.ts";

interface Choice {
  config: Config;
  settings: Settings;
}

function has(target: Target, capability: Capability): boolean {
  const entry = ADAPTERS[target.kind];
  if (entry?.capabilities.includes(capability) !== true) return false;
  return entry.lacks?.(target).includes(capability) !== true;
}

/** See `Host.target`. */
export function selectTarget({ config, settings }: Choice, capability: Capability, named?: string): Target {
  if (named !== undefined) return capable(config.target(named), capability);
  if (settings.target.length > 1) {
    throw usageError(`this command takes one target, and ${settings.target.length} were given`, {
      hint: `targets: ${settings.target.join(", ")}`,
    });
  }
  const chosen = settings.target[0];
  if (chosen !== undefined) return capable(config.target(chosen), capability);
  const candidates = config.targets().filter((target) => has(target, capability));
  const preferred = candidates.find(({ name }) => name === settings.defaultTarget);
  if (preferred !== undefined) return preferred;
  const [only, ...others] = candidates;
  if (only === undefined) throw noTarget(config, capability);
  if (others.length === 0) return only;
  throw usageError(`several targets have ${CAPABILITY_WORDS[capability]}, and none is the default`, {
    hint: `name one with --target or "plugctl target use": ${candidates.map(({ name }) => name).join(", ")}`,
    details: { targets: candidates.map(({ name }) => name) },
  });
}

/** See `Host.eachTarget`. */
export function selectEachTarget(choice: Choice, capability: Capability, named?: string): Target[] {
  const given = [...new Set(choice.settings.target)];
  if (named !== undefined || given.length < 2) return [selectTarget(choice, capability, named)];
  return given.map((name) => capable(choice.config.target(name), capability));
}

/** See `Host.targets`. The default target of a file does not narrow a look at many. */
export function selectTargets({ config, settings }: Choice, capability: Capability): Target[] {
  if (settings.target.length > 0) {
    return settings.target.map((name) => capable(config.target(name), capability));
  }
  const candidates = config.targets().filter((target) => has(target, capability));
  if (candidates.length === 0) throw noTarget(config, capability);
  return candidates;
}

function capable(target: Target, capability: Capability): Target {
  if (has(target, capability)) return target;
  throw unsupportedError(
    target.name,
    target.kind,
    capability,
    kindsWith(capability),
    ADAPTERS[target.kind]?.otherwise,
  );
}

function noTarget(config: Config, capability: Capability) {
  const some = config.targets().length > 0;
  return notFoundError(some ? `no target has ${CAPABILITY_WORDS[capability]}` : "there is no target yet", {
    hint: `plugctl serve offers ready-made targets; "plugctl target add NAME --kind ${kindsWith(capability)[0] ?? "store"} --url URL" makes one`,
  });
}
