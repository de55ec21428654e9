import { defineCommand } from "../command.ts";

export const userEnable = defineCommand({
  name: "enable",
  summary: "Let a disabled user in again",
  args: { login: ["<login>", "login of the user"] },
  capability: "administration",
});
