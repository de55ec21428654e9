import { done } from "../../output/result.ts";
import { addressed } from "../addressed.ts";
import type { Handler } from "../command.ts";
import type { accessPrivate } from "./private.meta.ts";
import { accessRow } from "./row.ts";

export const run: Handler<typeof accessPrivate> = async ({ args, host }) => {
  const plugin = await addressed(host, "access", args.plugin);
  const access = await plugin.on.set(plugin.name, "private", { force: false });
  for (const warning of access.warnings) host.warn(warning);
  return done(`${plugin.label} is private`, accessRow(plugin, access), { nameOf: () => plugin.label });
};
