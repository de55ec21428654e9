import { defineCommand, flag } from "../command.ts";

export const serverBackup = defineCommand({
  name: "backup",
  summary: "Save everything that a server holds, while it goes on working",
  args: { file: ["<file>", "a new file, or - for stdout"] },
  options: { overwrite: flag("--overwrite", "replace the file if it exists") },
  capability: "administration",
  completes: "file",
  examples: [
    ["to a file that only you can read", "plugctl server backup plugctl.tar"],
    ["encrypted on the way", "plugctl server backup - | age -r $KEY > plugctl.tar.age"],
  ],
});
