import { defineCommand } from "../command.ts";

export const accessShow = defineCommand({
  name: "show",
  summary: "Show who can reach a plugin's web interface, and where",
  args: { plugin: ["<plugin>", "[target:]name"] },
  capability: "access",
  completes: "plugin",
});
