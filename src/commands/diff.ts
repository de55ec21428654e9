import { rows } from "../output/result.ts";
import { addressed } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { diff } from "./diff.meta.ts";
import { pluginName } from "./plugin-rows.ts";

export const run: Handler<typeof diff> = async ({ args, options, host }) => {
  const { target, on, name, label } = await addressed(host, "comparison", args.plugin);
  const { changes } = await on.diff(name);
  return rows(
    changes.map((change) => ({ target: target.name, kind: target.kind, name, ...change })),
    [
      { key: "path", drop: 0 },
      { key: "change", drop: 0 },
      { key: "from", title: "installed", drop: 1 },
      { key: "to", title: "offered", drop: 1 },
    ],
    {
      empty: `${label} is what its source offers`,
      nameOf: pluginName,
      exitCode: options.exitCode === true && changes.length > 0 ? 10 : 0,
    },
  );
};
