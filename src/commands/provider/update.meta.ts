import { defineCommand, requiredText } from "../command.ts";

export const providerUpdate = defineCommand({
  name: "update",
  summary: "Change a provider's name",
  args: { id: ["<provider>", "id of the provider"] },
  options: { name: requiredText("--name <name>", "name for people; an empty one takes it away") },
  capability: "administration",
});
