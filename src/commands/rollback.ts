import { addressed } from "./addressed.ts";
import { changeResult } from "./change-result.ts";
import type { Handler } from "./command.ts";
import type { rollback } from "./rollback.meta.ts";

export const run: Handler<typeof rollback> = async ({ args, options, host }) => {
  const plugin = await addressed(host, "installation", args.plugin);
  const dryRun = options.dryRun === true;
  const value = await plugin.on.rollback({ name: plugin.name, dryRun }, host.progress.listener);
  return changeResult(host, [{ item: plugin, value }], { dryRun });
};
