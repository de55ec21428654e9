import { PERMISSIONS } from "../../core/permissions.ts";
import { defineCommand, list, text } from "../command.ts";

export const roleUpdate = defineCommand({
  name: "update",
  summary: "Change a role; whoever has it is affected at once",
  args: { id: ["<role>", "id of the role"] },
  options: {
    permissions: list("--permission <permission>", "all that the role permits from now on (several: a,b)", {
      completes: PERMISSIONS,
    }),
    description: text("--description <text>", "what the role is for"),
  },
  capability: "administration",
});
