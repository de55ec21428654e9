import { KINDS } from "../../core/plugin.ts";
import { defineCommand, flag, list, requiredText, text } from "../command.ts";

export const targetAdd = defineCommand({
  name: "add",
  summary: "Add a target: a named connection to one backend",
  args: { name: ["<name>", "name of the new target"] },
  options: {
    kind: requiredText("--kind <kind>", "kind of the backend", { choices: KINDS }),
    url: requiredText("--url <url>", "endpoint: https://…, http://… or unix:///path"),
    ca: text("--ca <file>", "PEM file of the authority that signed the endpoint's certificate"),
    credentialEnv: text("--credential-env <variable>", "environment variable that holds the credential"),
    credentialCommand: list(
      "--credential-command <words>",
      "command that prints the credential (pass,show,x)",
    ),
    use: flag("--use", "make it the default target"),
    overwrite: flag("--overwrite", "replace a target of that name"),
  },
  examples: [
    ["a store at work", "plugctl target add work --kind store --url https://plugins.example.com"],
    ["then sign in", "plugctl login -t work"],
  ],
});
