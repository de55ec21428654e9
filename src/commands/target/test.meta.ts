import { defineCommand } from "../command.ts";

export const targetTest = defineCommand({
  name: "test",
  summary: "Check that a target can be reached and knows who you are",
  args: { name: ["[name]", "name of the target (default: the default target)"] },
  completes: "target",
  capability: "health",
});
