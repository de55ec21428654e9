import { flag, type OptionSpec, text } from "./command.ts";

/** What every command takes. Their values are the settings' business, which also come from elsewhere. */
export const GLOBAL_OPTIONS: readonly OptionSpec<unknown>[] = [
  {
    flags: "-t, --target <name>",
    description: "target to act on (several for commands that look at many: a,b)",
    completes: "target",
  },
  {
    flags: "-o, --output <format>",
    description: "format of the result: table, json, jsonl, yaml or name",
    completes: ["table", "json", "jsonl", "yaml", "name"],
  },
  text("--fields <names>", "only these fields, in this order (a,b)"),
  flag("-q, --quiet", "no messages; lists print names only"),
  flag("-v, --verbose", "show steps, calls and causes"),
  flag("--no-color", "no colour (also NO_COLOR)"),
  flag("-y, --yes", "answer every confirmation with yes"),
  flag("--no-input", "never ask; a missing value is an error"),
  text("--timeout <duration>", "limit of one call to a target (30s, 5m)"),
  text("--config-dir <dir>", "where configuration and credentials are kept"),
];
