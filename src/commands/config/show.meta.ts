import { defineCommand } from "../command.ts";

export const configShow = defineCommand({
  name: "show",
  aliases: ["view"],
  summary: "Show every setting with its value and where it comes from",
});
