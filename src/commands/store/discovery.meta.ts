import { defineCommand, text } from "../command.ts";

export const storeDiscovery = defineCommand({
  name: "discovery",
  summary: "Show what an application gets when it asks which plugins there are",
  options: { feed: text("--feed <id>", "feed of the application (default: main)") },
  capability: "discovery",
});
