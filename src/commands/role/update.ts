import { usageError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { roleName } from "./row.ts";
import type { roleUpdate } from "./update.meta.ts";

export const run: Handler<typeof roleUpdate> = async ({ args, options, host }) => {
  const { permissions, description } = options;
  if (permissions === undefined && description === undefined) {
    throw usageError("there is nothing to change", { hint: "give --permission or --description" });
  }
  const { on } = await host.capability("administration");
  const role = await on.roles.update(args.id, { permissions, description });
  return done(`changed role ${role.id}`, role, { nameOf: roleName });
};
