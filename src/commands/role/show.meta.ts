import { defineCommand } from "../command.ts";

export const roleShow = defineCommand({
  name: "show",
  summary: "Show one role",
  args: { id: ["<role>", "id of the role"] },
  capability: "administration",
});
