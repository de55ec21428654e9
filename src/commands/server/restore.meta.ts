import { defineCommand, requiredText } from "../command.ts";

export const serverRestore = defineCommand({
  name: "restore",
  summary: "Make a data directory out of a backup, on this machine, for a server that does not run yet",
  args: { file: ["<file>", "the backup"] },
  options: { data: requiredText("--data <dir>", "data directory to make: a new or an empty one") },
  completes: "file",
  examples: [
    ["then serve it", "plugctl server restore plugctl.tar --data ./data && plugctl serve --data ./data"],
  ],
});
