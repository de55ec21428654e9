import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { roleCreate } from "./create.meta.ts";
import { roleName } from "./row.ts";

export const run: Handler<typeof roleCreate> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("administration");
  const { permissions, description } = options;
  const role = await on.roles.create({ id: args.id, permissions, description });
  return done(`created role ${role.id} on ${target.name}`, role, { nameOf: roleName });
};
