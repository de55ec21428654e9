import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { PROVIDER_COLUMNS, providerName } from "./row.ts";
import type { providerShow } from "./show.meta.ts";

export const run: Handler<typeof providerShow> = async ({ args, host }) => {
  const { on } = await host.capability("administration");
  return record(await on.providers.get(args.id), PROVIDER_COLUMNS, { nameOf: providerName });
};
