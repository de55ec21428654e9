import type { Handler } from "../command.ts";
import { confirmRemoval } from "../confirmed-removal.ts";
import type { providerRemove } from "./remove.meta.ts";

export const run: Handler<typeof providerRemove> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("administration");
  return confirmRemoval(host, {
    what: `provider ${args.id}`,
    consequence: `Roles that users of ${target.name} have in it go as well.`,
    identity: { id: args.id },
    ignoreNotFound: options.ignoreNotFound,
    remove: () => on.providers.remove(args.id),
  });
};
