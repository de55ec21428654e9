import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { providerList } from "./list.meta.ts";
import { PROVIDER_COLUMNS, providerName } from "./row.ts";

export const run: Handler<typeof providerList> = async ({ host }) => {
  const { on } = await host.capability("administration");
  return rows(await on.providers.list(), PROVIDER_COLUMNS, { empty: "no providers", nameOf: providerName });
};
