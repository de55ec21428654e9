import { defineCommand } from "./command.ts";
import { GRACE_OPTION } from "./grace-option.ts";

export const stop = defineCommand({
  name: "stop",
  group: "control",
  summary: "Stop plugins gracefully",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  options: { timeout: GRACE_OPTION },
  capability: "lifecycle",
  completes: "plugin",
  completesIn: ["running", "paused", "restarting"],
  examples: [["with two minutes to finish", "plugctl stop edge:node-red --timeout 2m"]],
});
