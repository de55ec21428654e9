import { defineCommand, flag } from "./command.ts";

export const backup = defineCommand({
  name: "backup",
  group: "control",
  summary: "Save a plugin's data and settings; it is halted meanwhile",
  args: { plugin: ["<plugin>", "[target:]name"], file: ["<file>", "a new file"] },
  options: { overwrite: flag("--overwrite", "replace the file if it exists") },
  capability: "safekeeping",
  completes: "plugin",
  examples: [["to a file that only you can read", "plugctl backup edge:node-red node-red.plugctl.tar.gz"]],
});
