import { defineCommand } from "./command.ts";

export const top = defineCommand({
  name: "top",
  group: "look",
  summary: "Show the processes inside a plugin",
  args: { plugin: ["<plugin>", "[target:]name"] },
  capability: "statistics",
  completes: "plugin",
  completesIn: ["running", "paused"],
});
