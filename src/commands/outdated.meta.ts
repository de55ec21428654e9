import { defineCommand, flag } from "./command.ts";

export const outdated = defineCommand({
  name: "outdated",
  group: "look",
  summary: "List plugins that are not what their source offers now",
  options: { exitCode: flag("--exit-code", "end with 10 when something is outdated") },
  capability: "installation",
});
