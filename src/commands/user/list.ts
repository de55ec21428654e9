import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { userList } from "./list.meta.ts";
import { USER_COLUMNS, userName } from "./row.ts";

export const run: Handler<typeof userList> = async ({ host }) => {
  const { on } = await host.capability("administration");
  return rows(await on.users.list(), USER_COLUMNS, { empty: "no users", nameOf: userName });
};
