import { defineCommand, flag, text } from "./command.ts";

export const publish = defineCommand({
  name: "publish",
  group: "publish",
  summary: "Publish a version of a plugin from a folder or tarball",
  args: { source: ["[source]", "folder with a package.json, or a .tgz or .tar file (default: this folder)"] },
  options: {
    channel: text(
      "--channel <name>",
      "channel that points at the version afterwards (default: latest, if it is newer)",
    ),
    provider: text("--provider <id>", "provider that owns the plugin (needed once, for a new plugin)"),
    dryRun: flag("--dry-run", "check everything, change nothing"),
  },
  capability: "publication",
  completes: "file",
  examples: [
    ["the plugin in this folder", "plugctl publish"],
    ["a beta, to one store", "plugctl publish ./dist.tgz -t work --channel beta"],
  ],
});
