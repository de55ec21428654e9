import { defineCommand, flag, integer, text } from "../../command.ts";

export const debRepoPrune = defineCommand({
  name: "prune",
  summary: "Take old versions out of a server's APT repository",
  options: {
    keep: integer("--keep <count>", "newest versions of each package to keep (default: 3)", {
      min: 1,
      max: 1000,
    }),
    channel: text("--channel <name>", "only in this channel"),
    dryRun: flag("--dry-run", "say what would be taken out, change nothing"),
  },
  capability: "repository",
  examples: [["what would go", "plugctl deb repo prune --keep 2 --dry-run"]],
});
