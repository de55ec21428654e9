import { defineCommand } from "../command.ts";

export const userShow = defineCommand({
  name: "show",
  summary: "Show one user",
  args: { login: ["<login>", "login of the user"] },
  capability: "administration",
});
