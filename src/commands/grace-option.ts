import { parseDuration } from "../config/duration.ts";
import { parsed } from "./command.ts";

/** Whole seconds, as engines count them. */
export const GRACE_OPTION = parsed(
  "--timeout <duration>",
  "how long it may take to end by itself before force is used (default: what the plugin says, else 10s)",
  (text) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return Math.ceil(ms / 1000);
    throw new Error("must be a duration such as 30s or 2m");
  },
);
