import { notFoundError } from "../core/errors.ts";
import type { OutdatedPlugin } from "../core/installation.ts";
import { acrossTargets, type Found, type TargetAccess, type TargetFailure } from "./across-targets.ts";

export interface Outdated {
  plugins: Found<OutdatedPlugin>[];
  failures: TargetFailure[];
}

/** Every plugin that is not what its source offers, on all targets that can update. */
export function findOutdated(access: TargetAccess): Promise<Outdated> {
  return acrossTargets(access, "installation", async (on) => (await on.outdated()).filter(isOutdated));
}

const isOutdated = ({ version, latest, digestChanged }: OutdatedPlugin) =>
  digestChanged || (latest !== null && latest !== version);

/** Those of the plugins given that are outdated. @throws NOT_FOUND for one that is not installed. */
export async function outdatedAmong(
  access: TargetAccess,
  plugins: readonly { target: string; name: string; label: string }[],
): Promise<Outdated> {
  const names = [...new Set(plugins.map(({ target }) => target))];
  const found = await Promise.all(
    names.map(async (name) => {
      const target = await access.target("installation", name);
      const installed = new Set((await (await access.use("listing", target)).list()).map((one) => one.name));
      const wanted = plugins.filter((plugin) => plugin.target === name);
      const missing = wanted.find((plugin) => !installed.has(plugin.name));
      if (missing !== undefined) throw notFoundError(`${missing.label} is not installed`);
      const outdated = await (await access.use("installation", target)).outdated();
      return outdated
        .filter((one) => isOutdated(one) && wanted.some((plugin) => plugin.name === one.name))
        .map((one) => ({ ...one, target: name, kind: target.kind }));
    }),
  );
  return { plugins: found.flat(), failures: [] };
}
