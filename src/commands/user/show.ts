import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { USER_FIELDS, userName } from "./row.ts";
import type { userShow } from "./show.meta.ts";

export const run: Handler<typeof userShow> = async ({ args, host }) => {
  const { on } = await host.capability("administration");
  return record(await on.users.get(args.login), USER_FIELDS, { nameOf: userName });
};
