import { defineCommand, flag, text } from "../command.ts";

export const tokenList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List tokens: one's own, a user's, or all",
  options: {
    user: text("--user <login>", "tokens of this user"),
    all: flag("--all", "tokens of all users that one manages"),
  },
  capability: "administration",
});
