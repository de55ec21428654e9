import { resolve } from "node:path";
import { done } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { restore } from "./restore.meta.ts";

export const run: Handler<typeof restore> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("safekeeping");
  const replace = options.replace === true;
  if (replace)
    await host.prompt.confirm(`Replace the plugin on ${target.name}, and its data, by the backup?`);
  const restored = await on.restore(
    { file: resolve(host.cwd, args.file), name: options.name, replace },
    host.progress.listener,
  );
  const label = `${target.name}:${restored.name}`;
  return done(
    `restored ${label} from ${args.file}`,
    { target: target.name, kind: target.kind, ...restored },
    { nameOf: () => label },
  );
};
