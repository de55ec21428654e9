import { defineCommand, flag, list, text } from "../command.ts";

export const userAdd = defineCommand({
  name: "add",
  summary: "Add a user",
  args: { login: ["<login>", "login of the new user"] },
  options: {
    name: text("--name <name>", "name for people"),
    roles: list("--role <role>", "a role, server-wide or ROLE@PROVIDER (several: a,b)"),
    passwordStdin: flag("--password-stdin", "read the password from stdin"),
    generatePassword: flag("--generate-password", "make a password and print it, once"),
  },
  capability: "administration",
  examples: [
    ["asks for the password", "plugctl user add ada --name 'Ada L.' --role provider-owner@acme"],
    ["in a script", "pass show ada | plugctl user add ada --role viewer --password-stdin"],
    ["just the generated password", "PASSWORD=$(plugctl user add ada --generate-password -q)"],
  ],
});
