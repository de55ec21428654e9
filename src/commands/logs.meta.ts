import { defineCommand, flag, integer, text } from "./command.ts";

export const logs = defineCommand({
  name: "logs",
  group: "look",
  summary: "Show what plugins have written",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  options: {
    follow: flag("-f, --follow", "go on until Ctrl-C, also when a plugin restarts"),
    tail: integer("-n, --tail <lines>", "this many lines from the end, of each plugin", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    since: text("--since <when>", "from then on: how long ago (1h), or a date"),
    until: text("--until <when>", "up to then"),
    timestamps: flag("-T, --timestamps", "begin each line with its time"),
    safe: flag("--safe", "take out what could steer the terminal (always done in a pipe)"),
  },
  capability: "logs",
  completes: "plugin",
  examples: [
    ["two plugins together, from now on", "plugctl logs edge:node-red edge:grafana -f --tail 0"],
    ["the last hour, for a program", "plugctl logs edge:node-red --since 1h -o jsonl"],
  ],
});
