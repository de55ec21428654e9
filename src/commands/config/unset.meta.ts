import { defineCommand } from "../command.ts";

export const configUnset = defineCommand({
  name: "unset",
  summary: "Remove a key from the user's configuration file",
  args: { key: ["<key>", "target, output, color or timeout"] },
});
