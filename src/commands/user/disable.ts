import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { userDisable } from "./disable.meta.ts";
import { userName } from "./row.ts";

export const run: Handler<typeof userDisable> = async ({ args, host }) => {
  const { target, on } = await host.capability("administration");
  await host.prompt.confirm(
    `Disable user ${args.login} of ${target.name}? Sessions end, tokens stop working.`,
  );
  const user = await on.users.update(args.login, { state: "disabled" });
  return done(`user ${user.login} is ${user.state}`, user, { nameOf: userName });
};
