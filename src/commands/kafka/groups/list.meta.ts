import { defineCommand } from "../../command.ts";

export const kafkaGroupsList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List the consumer groups of a Kafka cluster",
  capability: "groups",
});
