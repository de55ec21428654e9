import { PlugctlError, toPlugctlError } from "../core/errors.ts";
import { formatReference } from "../core/reference.ts";
import { done, rows } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { remove } from "./remove.meta.ts";

export const run: Handler<typeof remove> = async ({ args, options, host }) => {
  const requests = await Promise.all(
    args.plugins.map(async (text) => {
      const reference = host.reference(text);
      const { target, on } = await host.capability("removal", reference.target);
      const request = {
        name: reference.name,
        version: reference.version,
        purge: options.purge === true,
        reason: options.reason,
        dryRun: options.dryRun === true,
      };
      return { label: formatReference({ ...reference, target: target.name }), target, on, request };
    }),
  );
  if (!options.dryRun) {
    for (const { label, on, request } of requests)
      await host.prompt.confirm(`Remove ${label}? This ${on.describe(request)}.`);
  }
  const removed: object[] = [];
  const failures: { plugin: string; error: PlugctlError }[] = [];
  for (const { label, target, on, request } of requests) {
    try {
      const versions = await on.remove(request);
      removed.push(...versions.map((version) => ({ target: target.name, kind: target.kind, ...version })));
    } catch (thrown) {
      const error = toPlugctlError(thrown);
      if (error.code === "NOT_FOUND" && options.ignoreNotFound) continue;
      if (requests.length === 1 || error.code === "CANCELLED") throw error;
      failures.push({ plugin: label, error });
    }
  }
  if (failures.length > 0) {
    throw new PlugctlError(
      "PARTIAL",
      `${failures.length} of ${requests.length} plugins could not be removed`,
      {
        details: {
          removed,
          errors: failures.map(({ plugin, error }) => ({ path: plugin, message: error.message })),
        },
      },
    );
  }
  const [only] = removed;
  if (removed.length === 1 && only !== undefined && !options.dryRun) {
    const { name, version, state } = only as { name: string; version: string; state: string };
    return done(`${name} ${version} is ${state}`, only);
  }
  return rows(
    removed,
    [{ key: "target" }, { key: "name", drop: 0 }, { key: "version", drop: 0 }, { key: "state", as: "state" }],
    {
      empty: "nothing to remove",
      nameOf: (row) => `${row.target}:${row.name}@${row.version}`,
    },
  );
};
