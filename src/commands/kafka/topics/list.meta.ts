import { defineCommand, flag } from "../../command.ts";

export const kafkaTopicsList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List the topics of a Kafka cluster",
  options: { internal: flag("--internal", "also those that Kafka keeps for itself") },
  capability: "topics",
});
