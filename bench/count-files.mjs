// Preloaded with `node --import`: writes the path of every file that the program loads, one a line, to the file that
// PLUGCTL_COUNT_FILES names.
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";

const files = [];
registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith("file:")) files.push(url);
    return nextLoad(url, context);
  },
});
process.on("exit", () => writeFileSync(process.env.PLUGCTL_COUNT_FILES, `${files.join("\n")}\n`));
