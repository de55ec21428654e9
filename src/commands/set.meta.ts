import { defineCommand, flag, several } from "./command.ts";
import { SETTINGS_OPTIONS } from "./settings-options.ts";

export const set = defineCommand({
  name: "set",
  group: "change",
  summary: "Change the settings of an installed plugin, or show them",
  args: {
    plugin: ["<plugin>", "[target:]name"],
    variables: ["[variables...]", "KEY=value of its environment; without any change, the settings are shown"],
  },
  options: {
    unset: several("--unset <variable>", "take a variable away"),
    ...SETTINGS_OPTIONS,
    dryRun: flag("--dry-run", "say what would change, change nothing"),
  },
  capability: "settings",
  completes: "plugin",
  examples: [
    ["a variable and a limit", "plugctl set edge:node-red TZ=Europe/Madrid --memory 512m"],
    ["a secret, unseen by others on this machine", "pass show x | plugctl set edge:x --env-file -"],
  ],
});
