import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { userEnable } from "./enable.meta.ts";
import { userName } from "./row.ts";

export const run: Handler<typeof userEnable> = async ({ args, host }) => {
  const { on } = await host.capability("administration");
  const user = await on.users.update(args.login, { state: "active" });
  return done(`user ${user.login} is ${user.state}`, user, { nameOf: userName });
};
