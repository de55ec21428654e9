import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { ROLE_FIELDS, roleName } from "./row.ts";
import type { roleShow } from "./show.meta.ts";

export const run: Handler<typeof roleShow> = async ({ args, host }) => {
  const { on } = await host.capability("administration");
  return record(await on.roles.get(args.id), ROLE_FIELDS, { nameOf: roleName });
};
