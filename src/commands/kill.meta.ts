import { defineCommand, parsed } from "./command.ts";

export const kill = defineCommand({
  name: "kill",
  group: "control",
  summary: "End plugins at once, or send them a signal",
  args: { plugins: ["<plugin...>", "[target:]name"] },
  options: {
    signal: parsed("-s, --signal <name>", "signal to send (default: KILL)", (text) => {
      if (/^(?:(?:SIG)?[A-Z][A-Z0-9+-]{1,9}|[1-9]\d?)$/i.test(text)) return text.toUpperCase();
      throw new Error("must be a signal such as HUP or 15");
    }),
  },
  capability: "lifecycle",
  completes: "plugin",
  completesIn: ["running", "paused", "restarting"],
  examples: [["make it read its settings again", "plugctl kill edge:prometheus --signal HUP"]],
});
