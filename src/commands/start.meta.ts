import { defineCommand } from "./command.ts";

export const start = defineCommand({
  name: "start",
  group: "control",
  summary: "Start plugins",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  capability: "lifecycle",
  completes: "plugin",
  completesIn: ["stopped", "installed", "failed"],
  examples: [["everything that a site needs", "plugctl start edge:node-red edge:grafana"]],
});
