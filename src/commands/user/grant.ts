import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { userGrant } from "./grant.meta.ts";
import { formatGrant, userName } from "./row.ts";

export const run: Handler<typeof userGrant> = async ({ args, options, host }) => {
  const { on } = await host.capability("administration");
  const grant = { role: args.role, provider: options.provider };
  const user = await on.users.grant(args.login, grant);
  return done(`user ${user.login} has the role ${formatGrant(grant)}`, user, { nameOf: userName });
};
