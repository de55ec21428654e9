import { defineCommand } from "../command.ts";

export const roleList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List roles with what they permit",
  capability: "administration",
});
