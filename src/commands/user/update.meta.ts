import { defineCommand, requiredText } from "../command.ts";

export const userUpdate = defineCommand({
  name: "update",
  summary: "Change a user's name",
  args: { login: ["<login>", "login of the user"] },
  options: { name: requiredText("--name <name>", "name for people; an empty one takes it away") },
  capability: "administration",
});
