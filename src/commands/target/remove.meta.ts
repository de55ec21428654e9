import { defineCommand, flag } from "../command.ts";

export const targetRemove = defineCommand({
  name: "remove",
  aliases: ["rm"],
  summary: "Remove a target and its stored credential",
  args: { name: ["<name>", "name of the target"] },
  options: { ignoreNotFound: flag("--ignore-not-found", "a target that does not exist is no error") },
  completes: "target",
});
