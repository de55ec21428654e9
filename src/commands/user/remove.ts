import type { Handler } from "../command.ts";
import { confirmRemoval } from "../confirmed-removal.ts";
import type { userRemove } from "./remove.meta.ts";

export const run: Handler<typeof userRemove> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("administration");
  return confirmRemoval(host, {
    what: `user ${args.login}`,
    consequence: `Sessions, tokens and roles on ${target.name} go as well.`,
    identity: { login: args.login },
    ignoreNotFound: options.ignoreNotFound,
    remove: () => on.users.remove(args.login),
  });
};
