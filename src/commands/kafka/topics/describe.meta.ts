import { defineCommand } from "../../command.ts";

export const kafkaTopicsDescribe = defineCommand({
  name: "describe",
  aliases: ["show"],
  summary: "Show the partitions of a topic, and what they hold",
  args: { name: ["<topic>", "name of the topic"] },
  capability: "topics",
  examples: [
    [
      "messages in all partitions",
      "plugctl kafka topics describe orders -o json | jq '[.[].messages] | add'",
    ],
  ],
});
