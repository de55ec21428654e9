import { defineCommand, flag, text } from "./command.ts";

export const restore = defineCommand({
  name: "restore",
  group: "control",
  summary: "Bring a plugin back from its backup, on this target or another",
  args: { file: ["<file>", 'what "plugctl backup" wrote'] },
  options: {
    name: text("--name <name>", "under another name"),
    replace: flag("--replace", "replace a plugin of that name with its data"),
  },
  capability: "safekeeping",
  completes: "file",
  examples: [["on another target", "plugctl restore node-red.plugctl.tar.gz -t lab"]],
});
