import { defineCommand, flag } from "../command.ts";

export const serverGc = defineCommand({
  name: "gc",
  summary: "Delete data that nothing refers to any more",
  options: { wait: flag("--no-wait", "only start it, and print the operation's id") },
  capability: "administration",
});
