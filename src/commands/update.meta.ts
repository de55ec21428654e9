import { defineCommand, flag } from "./command.ts";
import { PARALLEL_OPTION } from "./parallel-option.ts";

export const update = defineCommand({
  name: "update",
  group: "change",
  summary: "Bring plugins to the newest version, or to the one given",
  args: { plugins: ["[plugin...]", "[target:]name[@version]"] },
  options: {
    all: flag("--all", "every plugin that is outdated, on every target or those of --target"),
    check: flag("--check", "only say what is outdated"),
    exitCode: flag("--exit-code", "with --check: end with 10 when something is outdated"),
    parallel: PARALLEL_OPTION,
    dryRun: flag("--dry-run", "say what would be done, change nothing"),
  },
  capability: "installation",
  completes: "plugin",
  examples: [
    ["to a certain version", "plugctl update edge:grafana@11.4.0"],
    ["is there anything to do?", "plugctl update --all --check --exit-code"],
  ],
});
