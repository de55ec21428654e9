import { defineCommand } from "../command.ts";

export const userList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List the users of a server",
  capability: "administration",
});
