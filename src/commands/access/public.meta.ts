import { defineCommand, flag } from "../command.ts";

export const accessPublic = defineCommand({
  name: "public",
  summary: "Let everybody reach a plugin's web interface without the server's login",
  args: { plugin: ["<plugin>", "[target:]name"] },
  options: { force: flag("--force", "even if it seems to have no login of its own") },
  capability: "access",
  completes: "plugin",
});
