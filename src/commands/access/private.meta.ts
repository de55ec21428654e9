import { defineCommand } from "../command.ts";

export const accessPrivate = defineCommand({
  name: "private",
  summary: "Let only those with the server's login reach a plugin's web interface",
  args: { plugin: ["<plugin>", "[target:]name"] },
  capability: "access",
  completes: "plugin",
});
