import { defineCommand } from "../command.ts";

export const targetShow = defineCommand({
  name: "show",
  summary: "Show one target, without its secrets",
  args: { name: ["<name>", "name of the target"] },
  completes: "target",
});
