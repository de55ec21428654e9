import { defineCommand, flag, list, requiredText } from "../../command.ts";

export const kafkaGroupsReset = defineCommand({
  name: "reset",
  summary: "Move a group to another place, from which its consumers go on",
  args: { name: ["<group>", "name of the group; none of its consumers may run"] },
  options: {
    to: requiredText("--to <place>", "beginning, end, an offset, or a time: how long ago (1h), or a date"),
    topic: list("--topic <topic>", "only in this topic, or partition of a topic: orders, orders/0"),
    dryRun: flag("--dry-run", "say what would change, change nothing"),
  },
  capability: "groups",
  examples: [
    ["read the last hour again", "plugctl kafka groups reset billing --to 1h --dry-run"],
    ["leave out what is there", "plugctl kafka groups reset billing --topic orders --to end"],
    ["one partition", "plugctl kafka groups reset billing --topic orders/2 --to 1500"],
  ],
});
