import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { newPassword } from "../secret-input.ts";
import type { userAdd } from "./add.meta.ts";
import { withPassword } from "./generated-password.ts";
import { parseGrant } from "./grants.ts";
import { userName } from "./row.ts";

export const run: Handler<typeof userAdd> = async ({ args, options, host }) => {
  const roles = options.roles?.map(parseGrant);
  const { target, on } = await host.capability("administration");
  const { password, generated } = await newPassword(host, args.login, options);
  const user = await on.users.create({ login: args.login, name: options.name, password, roles });
  if (generated) return withPassword(host, user, password);
  return done(`added user ${user.login} to ${target.name}`, user, { nameOf: userName });
};
