import { defineCommand } from "../command.ts";

export const targetList = defineCommand({
  name: "list",
  aliases: ["ls"],
  summary: "List the targets that are configured",
});
