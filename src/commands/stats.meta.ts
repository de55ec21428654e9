import { defineCommand, flag } from "./command.ts";

export const stats = defineCommand({
  name: "stats",
  group: "look",
  summary: "Show what plugins use of processor, memory, network and disk",
  args: { plugins: ["[plugin...]", "[target:]name (default: all that run)"] },
  options: { watch: flag("-w, --watch", "again and again, until Ctrl-C; a JSON line a sample in a pipe") },
  capability: "statistics",
  completes: "plugin",
  completesIn: ["running", "paused"],
});
