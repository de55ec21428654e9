import { defineCommand } from "../command.ts";

export const providerShow = defineCommand({
  name: "show",
  summary: "Show one provider",
  args: { id: ["<provider>", "id of the provider"] },
  capability: "administration",
});
