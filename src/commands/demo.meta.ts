import { defineCommand, flag } from "./command.ts";

export const demo = defineCommand({
  name: "demo",
  group: "setup",
  summary: "Watch a store at work: publish a plugin, run it in an app, release a new version",
  options: {
    keep: flag("--keep", "let the server and the app go on afterwards, to try things out, until Ctrl-C"),
  },
  examples: [
    ["see it, with nothing left behind", "plugctl demo"],
    ["then go on with the server that it started", "plugctl demo --keep"],
  ],
});
