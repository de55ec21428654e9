import { defineCommand } from "./command.ts";

export const search = defineCommand({
  name: "search",
  group: "look",
  summary: "Search the catalogues of all targets, or of those given",
  args: { words: ["<words...>", "words to look for in names, descriptions and keywords"] },
  capability: "catalogue",
  examples: [["maps, wherever they are", "plugctl search map"]],
});
