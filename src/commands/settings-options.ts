import { parseSize } from "../config/size.ts";
import { integer, list, parsed, several, text } from "./command.ts";

/** The least that engines accept. */
const LEAST_MEMORY_BYTES = 6 * 2 ** 20;

/** What can be said of an installed plugin's settings; `install` and `set` share it. */
export const SETTINGS_OPTIONS = {
  env: several("-e, --env <variable>", "KEY=value, or KEY to pass on the value that it has here"),
  envFile: text("--env-file <file>", "file of KEY=value lines, or - for stdin (for what should not be seen)"),
  secret: several(
    "--secret <file>",
    "NAME=FILE (or - for stdin) becomes /run/secrets/NAME, and no variable; NAME= takes it away",
  ),
  volume: several("--volume <volume>", "source:target[:ro]; the source is a name or an absolute path"),
  publish: several("-p, --publish <port>", "[address:]host:container[/udp]"),
  memory: parsed("--memory <size>", "limit of memory: 512m, 2g", memory),
  cpus: parsed("--cpus <number>", "limit of processors: 0.5, 2", processors),
  pids: integer("--pids <number>", "limit of processes", { min: 1, max: 4_194_304 }),
  restart: text("--restart <policy>", "when the engine starts it again", {
    choices: ["no", "always", "unless-stopped", "on-failure"],
  }),
  replicas: integer("--replicas <number>", "how many of it run, on a cluster", { min: 0, max: 10_000 }),
  placement: list(
    "--placement <constraints>",
    "which nodes of a cluster run it: node.role==worker, node.labels.zone!=x; none = any",
  ),
} as const;

function memory(words: string): number {
  const bytes = parseSize(words);
  if (bytes !== undefined && bytes >= LEAST_MEMORY_BYTES) return bytes;
  throw new Error("must be a size such as 512m or 2g, and at least 6m");
}

function processors(words: string): number {
  const count = Number(words);
  if (/^\d{1,4}(?:\.\d{1,3})?$/.test(words) && count > 0) return count;
  throw new Error("must be a number of processors such as 0.5 or 2");
}
