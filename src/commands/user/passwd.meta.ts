import { defineCommand, flag } from "../command.ts";

export const userPasswd = defineCommand({
  name: "passwd",
  summary: "Set a user's password; all sessions of the user end",
  args: { login: ["<login>", "login of the user"] },
  options: {
    passwordStdin: flag("--password-stdin", "read the password from stdin"),
    generatePassword: flag("--generate-password", "make a password and print it, once"),
  },
  capability: "administration",
  examples: [
    ["one's own, or anybody's for those who manage users", "plugctl user passwd ada"],
    ["in a script", "pass show ada | plugctl user passwd ada --password-stdin"],
  ],
});
