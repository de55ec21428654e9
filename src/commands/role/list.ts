import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { roleList } from "./list.meta.ts";
import { ROLE_COLUMNS, roleName } from "./row.ts";

export const run: Handler<typeof roleList> = async ({ host }) => {
  const { on } = await host.capability("administration");
  return rows(await on.roles.list(), ROLE_COLUMNS, { empty: "no roles", nameOf: roleName });
};
