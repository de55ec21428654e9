import { defineCommand, flag, text } from "./command.ts";

export const login = defineCommand({
  name: "login",
  group: "setup",
  summary: "Sign in to a target and keep the credential",
  options: {
    user: text("-u, --user <login>", "user name"),
    passwordStdin: flag("--password-stdin", "read the password from stdin"),
    tokenStdin: flag("--token-stdin", "read a token from stdin instead of signing in with a password"),
  },
  capability: "session",
  examples: [
    ["with a prompt for the password", "plugctl login -t work -u ada"],
    ["in a script", "pass show work | plugctl login -t work -u ada --password-stdin"],
  ],
});
