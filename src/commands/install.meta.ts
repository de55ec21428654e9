import { defineCommand, flag, text } from "./command.ts";
import { PARALLEL_OPTION } from "./parallel-option.ts";
import { SETTINGS_OPTIONS } from "./settings-options.ts";

export const install = defineCommand({
  name: "install",
  aliases: ["add"],
  group: "change",
  summary: "Install plugins from a catalogue, folder, repository or image",
  args: {
    sources: [
      "<source...>",
      "[target:] and name[@version], ./folder, x.deb, a git URL[//folder][#ref], or image:, market:, git:, file: before it",
    ],
  },
  options: {
    name: text("--name <name>", "name of the installed plugin (default: what the source says)"),
    ...SETTINGS_OPTIONS,
    build: flag("--build", "build the image from the source's Dockerfile"),
    start: flag("--start", "start it afterwards and wait until it is healthy (default)"),
    noStart: flag("--no-start", "leave it stopped"),
    replace: flag("--replace", "put it in the place of what is installed, be that newer or the same"),
    parallel: PARALLEL_OPTION,
    dryRun: flag("--dry-run", "say what would be done, change nothing"),
  },
  capability: "installation",
  completes: "file",
  examples: [
    ["from the target's catalogue", "plugctl install edge:node-red"],
    ["an image, reachable on port 8080", "plugctl install image:nginx:1.27 --name web -p 8080:80"],
    ["what a repository holds, built here", "plugctl install https://git.example.com/acme/x.git#v2 --build"],
    [
      "a package from a repository, on three hosts",
      "plugctl install https://git.example.com/acme/x.git -t a,b,c",
    ],
  ],
});
