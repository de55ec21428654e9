import { defineCommand, flag } from "../../command.ts";

export const kafkaGroupsDescribe = defineCommand({
  name: "describe",
  aliases: ["show"],
  summary: "Show how far a group has come, partition by partition",
  args: { name: ["<group>", "name of the group"] },
  options: { members: flag("--members", "its members instead, and what each reads") },
  capability: "groups",
  examples: [
    [
      "how much is left to read, as a number",
      "plugctl kafka groups describe billing -o json | jq '[.[].lag] | add'",
    ],
    ["who reads what", "plugctl kafka groups describe billing --members"],
  ],
});
