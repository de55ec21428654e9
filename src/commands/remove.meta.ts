import { defineCommand, flag, text } from "./command.ts";
import { PARALLEL_OPTION } from "./parallel-option.ts";

export const remove = defineCommand({
  name: "remove",
  aliases: ["rm", "uninstall"],
  group: "change",
  summary: "Remove plugins, or single versions of them",
  args: { plugins: ["<plugin...>", "[target:]name[@version]"] },
  options: {
    purge: flag("--purge", "delete the data as well, for ever"),
    dependents: flag("--dependents", "remove the plugins that need it as well"),
    reason: text("--reason <text>", "why, for the audit log"),
    ignoreNotFound: flag("--ignore-not-found", "what does not exist is no error"),
    parallel: PARALLEL_OPTION,
    dryRun: flag("--dry-run", "say what would be removed, change nothing"),
  },
  capability: "removal",
  completes: "plugin",
  examples: [
    ["take one version out of discovery", "plugctl remove local-store:@acme/maps@1.2.0"],
    ["from three hosts, with what needs it", "plugctl remove official/base --dependents -t a,b,c"],
  ],
});
