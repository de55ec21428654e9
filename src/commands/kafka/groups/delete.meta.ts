import { defineCommand, flag } from "../../command.ts";

export const kafkaGroupsDelete = defineCommand({
  name: "delete",
  aliases: ["remove", "rm"],
  summary: "Delete a group with how far it has come",
  args: { name: ["<group>", "name of the group; none of its consumers may run"] },
  options: { ignoreNotFound: flag("--ignore-not-found", "a group that does not exist is no error") },
  capability: "groups",
});
