import { usageError } from "../../core/errors.ts";
import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { tokenList } from "./list.meta.ts";
import { TOKEN_COLUMNS, tokenName } from "./row.ts";

export const run: Handler<typeof tokenList> = async ({ options, host }) => {
  if (options.all && options.user !== undefined) throw usageError("--all and --user exclude each other");
  const { on } = await host.capability("administration");
  const tokens = await on.tokens.list(options.all ? "*" : options.user);
  return rows(tokens, TOKEN_COLUMNS, { empty: "no tokens", nameOf: tokenName });
};
