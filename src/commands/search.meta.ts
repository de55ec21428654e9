import { defineCommand, text } from "./command.ts";

export const search = defineCommand({
  name: "search",
  group: "look",
  summary: "Search the catalogues of all targets, or of those given",
  args: {
    words: ["[words...]", "words to look for in names, descriptions and keywords (default: everything)"],
  },
  options: {
    category: text("--category <name>", "only this category: devices, monitoring, …"),
    vendor: text("--vendor <name>", "only what this vendor or provider makes"),
  },
  capability: "catalogue",
  examples: [
    ["maps, wherever they are", "plugctl search map"],
    ["sensors of one maker", "plugctl search temperature --category devices --vendor dragino"],
  ],
});
