import { defineCommand } from "../command.ts";

export const providerList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List providers: who owns plugins",
  capability: "administration",
});
