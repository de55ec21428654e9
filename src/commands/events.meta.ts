import { defineCommand, integer } from "./command.ts";

export const events = defineCommand({
  name: "events",
  group: "look",
  summary: "Follow what happens on a server, until Ctrl-C",
  options: {
    since: integer("--since <id>", "begin after this event, as far as the server still has it", {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
  },
  capability: "administration",
  examples: [["as JSON lines, for a program", "plugctl events -o jsonl"]],
});
