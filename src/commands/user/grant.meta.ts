import { defineCommand, text } from "../command.ts";

export const userGrant = defineCommand({
  name: "grant",
  summary: "Give a user a role",
  args: { login: ["<login>", "login of the user"], role: ["<role>", "id of the role"] },
  options: {
    provider: text("--provider <id>", "the role holds in this provider only (default: server-wide)"),
  },
  capability: "administration",
});
