import { defineCommand } from "./command.ts";

export const info = defineCommand({
  name: "info",
  aliases: ["show"],
  group: "look",
  summary: "Show everything that is known of a plugin, or of one version of it",
  args: { plugin: ["<plugin>", "[target:]name[@version]"] },
  capability: "inspection",
  completes: "plugin",
  examples: [["one version", "plugctl info local-store:@acme/maps@1.2.0"]],
});
