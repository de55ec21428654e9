import { defineCommand, flag } from "./command.ts";

export const open = defineCommand({
  name: "open",
  group: "look",
  summary: "Print a plugin's web address; on a terminal, open it in a browser",
  args: { plugin: ["<plugin>", "[target:]name"] },
  options: { print: flag("--print", "print it only") },
  capability: "access",
  completes: "plugin",
  completesIn: ["running"],
});
