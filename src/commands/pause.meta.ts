import { defineCommand } from "./command.ts";

export const pause = defineCommand({
  name: "pause",
  group: "control",
  summary: "Halt plugins, keeping what they have in memory",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  capability: "lifecycle",
  completes: "plugin",
  completesIn: ["running"],
});
