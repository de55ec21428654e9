import { defineCommand } from "./command.ts";
import { GRACE_OPTION } from "./grace-option.ts";

export const restart = defineCommand({
  name: "restart",
  group: "control",
  summary: "Stop plugins and start them again",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  options: { timeout: GRACE_OPTION },
  capability: "lifecycle",
  completes: "plugin",
  completesIn: ["running", "stopped", "paused", "restarting", "failed"],
});
