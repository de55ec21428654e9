import { defineCommand } from "../command.ts";

export const configSet = defineCommand({
  name: "set",
  summary: "Set a key in the user's configuration file",
  args: { key: ["<key>", "target, output, color or timeout"], value: ["<value>", "new value"] },
  examples: [["JSON by default", "plugctl config set output json"]],
});
