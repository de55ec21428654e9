import { defineCommand } from "./command.ts";

export const shell = defineCommand({
  name: "shell",
  group: "control",
  summary: "Open a shell inside a plugin, or run a command there",
  args: {
    plugin: ["<plugin>", "[target:]name"],
    command: ["[command...]", "after --: what to run instead of the plugin's shell"],
  },
  capability: "shell",
  completes: "plugin",
  completesIn: ["running"],
  examples: [
    ["interactive; Ctrl-P Ctrl-Q leaves it running", "plugctl shell edge:node-red"],
    ["in a script", "plugctl shell edge:node-red -- cat /data/flows.json > flows.json"],
  ],
});
