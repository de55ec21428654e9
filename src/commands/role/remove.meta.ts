import { defineCommand, flag } from "../command.ts";

export const roleRemove = defineCommand({
  name: "remove",
  aliases: ["rm"],
  summary: "Remove a role, from everybody who has it too",
  args: { id: ["<role>", "id of the role"] },
  options: { ignoreNotFound: flag("--ignore-not-found", "a role that does not exist is no error") },
  capability: "administration",
});
