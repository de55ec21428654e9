import { defineCommand } from "../../command.ts";

export const debRepoList = defineCommand({
  name: "list",
  summary: "List the packages of a server's APT repository",
  capability: "repository",
});
