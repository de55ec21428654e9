import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { providerName } from "./row.ts";
import type { providerUpdate } from "./update.meta.ts";

export const run: Handler<typeof providerUpdate> = async ({ args, options, host }) => {
  const { on } = await host.capability("administration");
  const provider = await on.providers.update(args.id, { name: options.name.trim() || null });
  return done(`changed provider ${provider.id}`, provider, { nameOf: providerName });
};
