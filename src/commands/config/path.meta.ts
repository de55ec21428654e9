import { defineCommand } from "../command.ts";

export const configPath = defineCommand({
  name: "path",
  summary: "Print the files that hold configuration and credentials",
});
