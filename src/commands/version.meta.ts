import { defineCommand } from "./command.ts";

export const version = defineCommand({
  name: "version",
  group: "setup",
  summary: "Show the versions of plugctl and of what it runs on",
});
