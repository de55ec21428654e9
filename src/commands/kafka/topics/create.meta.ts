import { defineCommand, flag, integer, several } from "../../command.ts";

export const kafkaTopicsCreate = defineCommand({
  name: "create",
  summary: "Create a topic",
  args: { name: ["<topic>", "its name: letters, digits, '.', '_' and '-'"] },
  options: {
    partitions: integer("-p, --partitions <count>", "how many partitions (default: the brokers')", {
      min: 1,
      max: 100_000,
    }),
    replicationFactor: integer(
      "--replication-factor <count>",
      "on how many brokers (default: the brokers')",
      {
        min: 1,
        max: 32_767,
      },
    ),
    config: several("--config <name=value>", "a configuration of the topic"),
    ifNotExists: flag("--if-not-exists", "a topic that exists already is no error"),
    dryRun: flag("--dry-run", "have the brokers check it, create nothing"),
  },
  capability: "topics",
  examples: [
    ["kept for a day", "plugctl kafka topics create orders -p 6 --config retention.ms=86400000"],
    [
      "the last message of each key, for ever",
      "plugctl kafka topics create prices --config cleanup.policy=compact",
    ],
  ],
});
