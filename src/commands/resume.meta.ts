import { defineCommand } from "./command.ts";

export const resume = defineCommand({
  name: "resume",
  group: "control",
  summary: "Let paused plugins go on",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  capability: "lifecycle",
  completes: "plugin",
  completesIn: ["paused"],
});
