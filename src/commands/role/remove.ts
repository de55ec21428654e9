import type { Handler } from "../command.ts";
import { confirmRemoval } from "../confirmed-removal.ts";
import type { roleRemove } from "./remove.meta.ts";

export const run: Handler<typeof roleRemove> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("administration");
  return confirmRemoval(host, {
    what: `role ${args.id}`,
    consequence: `Every user of ${target.name} who has it loses it.`,
    identity: { id: args.id },
    ignoreNotFound: options.ignoreNotFound,
    remove: () => on.roles.remove(args.id),
  });
};
