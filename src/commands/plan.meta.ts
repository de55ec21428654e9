import { defineCommand, flag } from "./command.ts";

export const plan = defineCommand({
  name: "plan",
  group: "declare",
  summary: "Show what apply would do to bring targets to an exported document",
  args: { file: ["<file>", "what plugctl export has written, or - for stdin"] },
  options: {
    prune: flag("--prune", "as with apply: what is not in it would be removed"),
    exitCode: flag("--exit-code", "end with 10 when there is something to do"),
  },
  capability: "portability",
  completes: "file",
  examples: [["is the fleet as it should be?", "plugctl plan plugins.yaml -t a,b,c --prune --exit-code"]],
});
