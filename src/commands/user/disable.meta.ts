import { defineCommand } from "../command.ts";

export const userDisable = defineCommand({
  name: "disable",
  summary: "Lock a user out: no sign-in, no token works",
  args: { login: ["<login>", "login of the user"] },
  capability: "administration",
});
