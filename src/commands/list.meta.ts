import { defineCommand } from "./command.ts";

export const list = defineCommand({
  name: "list",
  aliases: ["ls"],
  group: "look",
  summary: "List the plugins of all targets, or of those given",
  capability: "listing",
  examples: [
    ["what is on one target, for a script", "plugctl list -t local-store -o json"],
    ["names only", "plugctl list -q"],
  ],
});
