import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { providerAdd } from "./add.meta.ts";
import { providerName } from "./row.ts";

export const run: Handler<typeof providerAdd> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("administration");
  const provider = await on.providers.create({ id: args.id, name: options.name });
  return done(`added provider ${provider.id} to ${target.name}`, provider, { nameOf: providerName });
};
