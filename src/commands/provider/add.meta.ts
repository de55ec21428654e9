import { defineCommand, text } from "../command.ts";

export const providerAdd = defineCommand({
  name: "add",
  summary: "Add a provider: an organisation or team that owns plugins",
  args: { id: ["<provider>", "id of the new provider"] },
  options: { name: text("--name <name>", "name for people") },
  capability: "administration",
  examples: [["a team", "plugctl provider add acme --name 'Acme Maps'"]],
});
