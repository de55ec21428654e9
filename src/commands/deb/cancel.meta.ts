import { defineCommand } from "../command.ts";

export const debCancel = defineCommand({
  name: "cancel",
  summary: "End an installation or removal that a server is at, and undo what it has done",
  args: {
    operation: ["<operation>", "[target:] and the operation's id, or the plugin of which one is under way"],
  },
  capability: "cancellation",
  completes: "plugin",
  examples: [
    ["what was left with Ctrl-C", "plugctl deb cancel pbx:5476f7e0-47ce-4f0a-90cd-4b8bf6e8bc5a"],
    ["what goes on with a plugin", "plugctl deb cancel pbx:acme/hello"],
  ],
});
