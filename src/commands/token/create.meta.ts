import { PERMISSIONS } from "../../core/permissions.ts";
import { defineCommand, list, parsed, text } from "../command.ts";

/** `90d`, or just the number. */
function parseDays(value: string): number {
  const days = Number(/^(\d{1,3})d?$/.exec(value)?.[1] ?? Number.NaN);
  if (days >= 1 && days <= 365) return days;
  throw new Error("must be 1d to 365d");
}

export const tokenCreate = defineCommand({
  name: "create",
  summary: "Create a token, for a pipeline or another machine",
  options: {
    scopes: list("--scope <permission>", "what it may do (default: read; several: a,b)", {
      completes: PERMISSIONS,
    }),
    providers: list("--provider <id>", "only for this provider's plugins (several: a,b)"),
    plugins: list("--plugin <glob>", "only for plugins of such names (several: a,b)"),
    expiresInDays: parsed(
      "--expires <days>",
      "how long it is good for, 1d to 365d (default: 90d)",
      parseDays,
    ),
    note: text("--note <text>", "what it is for"),
    user: text("--user <login>", "for this user instead of oneself"),
    outputFile: text("--output-file <file>", "write the token to this new file that only you can read"),
  },
  capability: "administration",
  examples: [
    ["for a pipeline that publishes", "plugctl token create --scope publish,read --provider acme --note ci"],
    ["into a variable", "TOKEN=$(plugctl token create --scope publish,read -q)"],
  ],
});
