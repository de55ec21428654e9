import { defineCommand, flag } from "./command.ts";
import { PARALLEL_OPTION } from "./parallel-option.ts";

export const rollback = defineCommand({
  name: "rollback",
  group: "change",
  summary: "Bring a plugin back to what it was before its last change",
  args: { plugin: ["<plugin>", "[target:]name"] },
  options: {
    parallel: PARALLEL_OPTION,
    dryRun: flag("--dry-run", "say what would be done, change nothing"),
  },
  capability: "installation",
  completes: "plugin",
  examples: [["on three hosts", "plugctl rollback official/admin-ui -t a,b,c"]],
});
