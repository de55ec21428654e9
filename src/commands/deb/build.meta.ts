import { defineCommand, text } from "../command.ts";

export const debBuild = defineCommand({
  name: "build",
  summary: "Make a Debian package of a plugin's folder, here or with -t on a server",
  args: { folder: ["<folder>", "a folder with a wazo/plugin.yml and a wazo/rules"] },
  options: {
    out: text("--out <file|dir>", "where to write it (default: the working directory, named as Debian does)"),
    isolation: text("--isolation <how>", "how the plugin's own steps are run here (default: isolated)", {
      choices: ["isolated", "network", "host"],
    }),
    wazoVersion: text("--wazo-version <version>", "version that the plugin is held against here"),
  },
  completes: "file",
  examples: [
    ["in a pipeline, without a server", "plugctl deb build ./hello --out dist/"],
    ["where there is no bubblewrap", "plugctl deb build ./hello -t plugins"],
  ],
});
