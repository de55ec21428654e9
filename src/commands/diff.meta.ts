import { defineCommand, flag } from "./command.ts";

export const diff = defineCommand({
  name: "diff",
  group: "look",
  summary: "Show how an installed plugin differs from what its source offers now",
  args: { plugin: ["<plugin>", "[target:]name"] },
  options: { exitCode: flag("--exit-code", "end with 10 when there are differences") },
  capability: "comparison",
  completes: "plugin",
  examples: [["in a script", "plugctl diff edge:node-red --exit-code -o json"]],
});
