import { PERMISSIONS } from "../../core/permissions.ts";
import { defineCommand, requiredList, text } from "../command.ts";

export const roleCreate = defineCommand({
  name: "create",
  summary: "Create a role",
  args: { id: ["<role>", "id of the new role"] },
  options: {
    permissions: requiredList("--permission <permission>", "what the role permits (several: a,b)", {
      completes: PERMISSIONS,
    }),
    description: text("--description <text>", "what the role is for"),
  },
  capability: "administration",
  examples: [["publish and release", "plugctl role create releaser --permission read,publish,release"]],
});
