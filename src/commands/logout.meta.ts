import { defineCommand } from "./command.ts";

export const logout = defineCommand({
  name: "logout",
  group: "setup",
  summary: "Sign out of a target: revoke the credential and forget it",
  capability: "session",
});
