import { defineCommand } from "./command.ts";
import { PARALLEL_OPTION } from "./parallel-option.ts";

export const verify = defineCommand({
  name: "verify",
  group: "look",
  summary: "Compare installed plugins, or all of them, with what was delivered",
  args: { plugins: ["[plugin...]", "[target:]name (default: everything that is installed)"] },
  options: { parallel: PARALLEL_OPTION },
  capability: "verification",
  completes: "plugin",
  examples: [
    ["has anybody changed its files?", "plugctl verify pbx:official/admin-ui"],
    ["everything on three hosts; ends with 9 when something differs", "plugctl verify -t a,b,c"],
  ],
});
