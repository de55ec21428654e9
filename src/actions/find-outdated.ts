import { notFoundError, PlugctlError } from "../core/errors.ts";
import type { OutdatedPlugin } from "../core/installation.ts";
import { acrossTargets, type Found, type TargetAccess, type TargetFailure } from "./across-targets.ts";

export interface Outdated {
  plugins: Found<OutdatedPlugin>[];
  /** Targets that did not answer, and plugins of which it could not be told. */
  failures: TargetFailure[];
}

/** Every plugin that is not what its source offers, on all targets that can update. */
export async function findOutdated(access: TargetAccess): Promise<Outdated> {
  const { plugins, failures } = await acrossTargets(access, "installation", (on) => on.outdated());
  return sift(plugins, failures);
}

/** Those of the plugins given that are outdated. @throws NOT_FOUND for one that is not installed. */
export async function outdatedAmong(
  access: TargetAccess,
  plugins: readonly { target: string; name: string; label: string }[],
): Promise<Outdated> {
  const names = [...new Set(plugins.map(({ target }) => target))];
  const found = await Promise.all(
    names.map(async (name) => {
      const target = await access.target("installation", name);
      const installed = await (await access.use("installation", target)).outdated();
      return plugins
        .filter((plugin) => plugin.target === name)
        .map((plugin) => {
          const state = installed.find((one) => one.name === plugin.name);
          if (state === undefined) throw notFoundError(`${plugin.label} is not installed`);
          return { ...state, target: name, kind: target.kind };
        });
    }),
  );
  return sift(found.flat(), []);
}

function sift(plugins: readonly Found<OutdatedPlugin>[], failures: readonly TargetFailure[]): Outdated {
  const unknown = plugins.flatMap(({ target, name, problem }) =>
    problem === null
      ? []
      : [{ target: `${target}:${name}`, error: new PlugctlError("UNAVAILABLE", problem) }],
  );
  return { plugins: plugins.filter(isOutdated), failures: [...failures, ...unknown] };
}

const isOutdated = ({ version, latest, digestChanged }: OutdatedPlugin) =>
  digestChanged || (latest !== null && latest !== version);
