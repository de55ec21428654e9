import { defineCommand } from "../command.ts";

export const targetUse = defineCommand({
  name: "use",
  summary: "Make a target the default",
  args: { name: ["<name>", "name of the target"] },
  completes: "target",
});
