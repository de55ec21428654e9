import { defineCommand, flag } from "../command.ts";

export const containerPrune = defineCommand({
  name: "prune",
  summary: "Delete images of plugins that no plugin uses, nor would use after a rollback",
  options: { dryRun: flag("--dry-run", "say what would be deleted, change nothing") },
  capability: "images",
});
