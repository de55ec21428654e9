import { usageError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { tokenRevoke } from "./revoke.meta.ts";
import { tokenName } from "./row.ts";

export const run: Handler<typeof tokenRevoke> = async ({ args, host }) => {
  if (args.id.startsWith("plc_")) {
    // Not repeated, and not sent as a part of a URL: it is a secret as long as it is not revoked.
    throw usageError("that is a token, and its id is needed here", {
      hint: "the id is the 8 characters after plc_",
    });
  }
  const { on } = await host.capability("administration");
  await on.tokens.revoke(args.id);
  return done(`revoked token ${args.id}`, { id: args.id, state: "revoked" }, { nameOf: tokenName });
};
