import { defineCommand, flag, list, several } from "../../command.ts";

export const kafkaTopicsConfigs = defineCommand({
  name: "configs",
  summary: "Show or change the configuration of a topic",
  args: { name: ["<topic>", "name of the topic"] },
  options: {
    all: flag("-a, --all", "also what the topic has not set for itself"),
    set: several("--set <name=value>", "set a configuration"),
    unset: list("--unset <name>", "take a configuration back to its default"),
    dryRun: flag("--dry-run", "have the brokers check the change, change nothing"),
  },
  capability: "topics",
  examples: [
    ["all that can be set", "plugctl kafka topics configs orders --all"],
    ["keep messages for an hour", "plugctl kafka topics configs orders --set retention.ms=3600000"],
  ],
});
