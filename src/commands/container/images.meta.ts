import { defineCommand } from "../command.ts";

export const containerImages = defineCommand({
  name: "images",
  summary: "List the images that plugins use or have used",
  capability: "images",
});
