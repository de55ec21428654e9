import { done } from "../../output/result.ts";
import { addressed } from "../addressed.ts";
import type { Handler } from "../command.ts";
import type { accessPublic } from "./public.meta.ts";
import { accessRow } from "./row.ts";

export const run: Handler<typeof accessPublic> = async ({ args, options, host }) => {
  const plugin = await addressed(host, "access", args.plugin);
  await host.prompt.confirm(`Let everybody who reaches the server use ${plugin.label} without its login?`);
  const access = await plugin.on.set(plugin.name, "public", { force: options.force === true });
  for (const warning of access.warnings) host.warn(warning);
  const where = access.url === null ? "" : ` at ${access.url}`;
  return done(`${plugin.label} is public${where}`, accessRow(plugin, access), { nameOf: () => plugin.label });
};
