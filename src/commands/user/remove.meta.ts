import { defineCommand, flag } from "../command.ts";

export const userRemove = defineCommand({
  name: "remove",
  aliases: ["rm"],
  summary: "Remove a user with all sessions, tokens and roles",
  args: { login: ["<login>", "login of the user"] },
  options: { ignoreNotFound: flag("--ignore-not-found", "a user that does not exist is no error") },
  capability: "administration",
});
