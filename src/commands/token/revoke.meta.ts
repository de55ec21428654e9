import { defineCommand } from "../command.ts";

export const tokenRevoke = defineCommand({
  name: "revoke",
  summary: "Make a token useless, from its next use on",
  args: { id: ["<id>", "id of the token: the 8 characters after plc_"] },
  capability: "administration",
});
