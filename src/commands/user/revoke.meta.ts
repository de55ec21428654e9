import { defineCommand, text } from "../command.ts";

export const userRevoke = defineCommand({
  name: "revoke",
  summary: "Take a role away from a user",
  args: { login: ["<login>", "login of the user"], role: ["<role>", "id of the role"] },
  options: {
    provider: text("--provider <id>", "the role holds in this provider only (default: server-wide)"),
  },
  capability: "administration",
});
