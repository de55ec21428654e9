import { defineCommand, flag } from "./command.ts";

export const rollback = defineCommand({
  name: "rollback",
  group: "change",
  summary: "Bring a plugin back to what it was before its last change",
  args: { plugin: ["<plugin>", "[target:]name"] },
  options: { dryRun: flag("--dry-run", "say what would be done, change nothing") },
  capability: "installation",
  completes: "plugin",
});
