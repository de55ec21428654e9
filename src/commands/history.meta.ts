import { defineCommand } from "./command.ts";

export const history = defineCommand({
  name: "history",
  group: "look",
  summary: "Show what was done to a plugin, by whom, and what came of it",
  args: { plugin: ["<plugin>", "[target:]name"] },
  capability: "history",
  completes: "plugin",
  examples: [
    ["newest first", "plugctl history pbx:official/admin-ui"],
    ["and what an operation wrote", "plugctl logs pbx:3f0c7c1e-9d0b-4c7e-8a59-0b6f2f6f3a10"],
  ],
});
