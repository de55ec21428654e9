import { defineCommand, flag } from "../../command.ts";

export const kafkaTopicsDelete = defineCommand({
  name: "delete",
  aliases: ["remove", "rm"],
  summary: "Delete a topic with all its messages",
  args: { name: ["<topic>", "name of the topic"] },
  options: { ignoreNotFound: flag("--ignore-not-found", "a topic that does not exist is no error") },
  capability: "topics",
});
