import type { Handler } from "../../command.ts";
import { confirmRemoval } from "../../confirmed-removal.ts";
import type { kafkaTopicsDelete } from "./delete.meta.ts";

export const run: Handler<typeof kafkaTopicsDelete> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("topics");
  return confirmRemoval(host, {
    what: `topic ${args.name}`,
    consequence: `All its messages on ${target.name} are lost.`,
    identity: { name: args.name },
    ignoreNotFound: options.ignoreNotFound,
    remove: () => on.delete(args.name),
  });
};
