import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { userName } from "./row.ts";
import type { userUpdate } from "./update.meta.ts";

export const run: Handler<typeof userUpdate> = async ({ args, options, host }) => {
  const { on } = await host.capability("administration");
  const user = await on.users.update(args.login, { name: options.name.trim() || null });
  return done(`changed user ${user.login}`, user, { nameOf: userName });
};
