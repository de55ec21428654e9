import { defineCommand } from "../command.ts";

export const serverStatus = defineCommand({
  name: "status",
  summary: "Show what runs on a server, since when, and how much it holds",
  capability: "administration",
});
