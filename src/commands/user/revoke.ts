import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { userRevoke } from "./revoke.meta.ts";
import { formatGrant, userName } from "./row.ts";

export const run: Handler<typeof userRevoke> = async ({ args, options, host }) => {
  const { on } = await host.capability("administration");
  const grant = { role: args.role, provider: options.provider };
  const user = await on.users.revoke(args.login, grant);
  return done(`user ${user.login} does not have the role ${formatGrant(grant)}`, user, { nameOf: userName });
};
