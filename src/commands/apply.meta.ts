import { defineCommand, flag } from "./command.ts";
import { PARALLEL_OPTION } from "./parallel-option.ts";

export const apply = defineCommand({
  name: "apply",
  group: "declare",
  summary: "Bring targets to what an exported document says",
  args: { file: ["<file>", "what plugctl export has written, or - for stdin"] },
  options: {
    prune: flag("--prune", "remove what is not in it"),
    parallel: PARALLEL_OPTION,
    dryRun: flag("--dry-run", "say what would be done, change nothing (like plan)"),
  },
  capability: "portability",
  completes: "file",
  examples: [
    [
      "another host like this one",
      "plugctl export --all -t pbx -f plugins.yaml && plugctl apply plugins.yaml -t lab",
    ],
    ["a fleet, two hosts at a time", "plugctl apply plugins.yaml -t a,b,c,d --parallel 2 --prune --yes"],
  ],
});
