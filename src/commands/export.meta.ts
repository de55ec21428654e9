import { defineCommand, flag, text } from "./command.ts";

export const exportPlugins = defineCommand({
  name: "export",
  group: "declare",
  summary: "Describe installed plugins in one document, from which they can be installed again",
  args: { plugins: ["[plugins...]", "[target:]name, all on one target"] },
  options: {
    all: flag("--all", "everything that is installed on the target"),
    file: text("-f, --file <file>", "write it there: as JSON where the name ends in .json, else as YAML"),
    overwrite: flag("--overwrite", "replace the file if it exists"),
  },
  capability: "portability",
  completes: "plugin",
  examples: [
    ["everything, to keep beside the code", "plugctl export --all -t edge -f plugins.yaml"],
    ["two plugins, as JSON", "plugctl export edge:node-red edge:grafana -o json"],
  ],
});
