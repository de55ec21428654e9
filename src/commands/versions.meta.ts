import { defineCommand } from "./command.ts";

export const versions = defineCommand({
  name: "versions",
  group: "publish",
  summary: "List the versions of a plugin, newest first",
  args: { plugin: ["<plugin>", "[target:]name"] },
  capability: "publication",
  completes: "plugin",
});
