import { defineCommand, flag, text } from "./command.ts";

export const events = defineCommand({
  name: "events",
  group: "look",
  summary: "Follow what happens on targets, until Ctrl-C",
  args: {
    plugins: ["[plugins...]", "[target:]name (default: everything of all targets, or of those given)"],
  },
  options: {
    since: text(
      "--since <when>",
      "begin there: how long ago (1h), a date, or the number of an event on a server",
    ),
    follow: flag("--follow", "go on with what happens (default)"),
    noFollow: flag("--no-follow", "end with what has happened, where the backend can tell"),
  },
  capability: "events",
  completes: "plugin",
  examples: [
    ["of the containers of a target, as JSON lines", "plugctl events -t edge -o jsonl"],
    ["what a plugin did in the last hour", "plugctl events edge:node-red --since 1h --no-follow"],
  ],
});
