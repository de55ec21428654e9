import { defineCommand, flag, text } from "./command.ts";

export const remove = defineCommand({
  name: "remove",
  aliases: ["rm", "uninstall"],
  group: "change",
  summary: "Remove plugins, or single versions of them",
  args: { plugins: ["<plugin...>", "[target:]name[@version]"] },
  options: {
    purge: flag("--purge", "delete the data as well, for ever"),
    reason: text("--reason <text>", "why, for the audit log"),
    ignoreNotFound: flag("--ignore-not-found", "what does not exist is no error"),
    dryRun: flag("--dry-run", "say what would be removed, change nothing"),
  },
  capability: "removal",
  completes: "plugin",
  examples: [["take one version out of discovery", "plugctl remove local-store:@acme/maps@1.2.0"]],
});
