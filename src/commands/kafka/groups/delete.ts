import type { Handler } from "../../command.ts";
import { confirmRemoval } from "../../confirmed-removal.ts";
import type { kafkaGroupsDelete } from "./delete.meta.ts";

export const run: Handler<typeof kafkaGroupsDelete> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("groups");
  return confirmRemoval(host, {
    what: `group ${args.name}`,
    consequence: `How far it has read on ${target.name} is forgotten.`,
    identity: { name: args.name },
    ignoreNotFound: options.ignoreNotFound,
    remove: () => on.delete(args.name),
  });
};
