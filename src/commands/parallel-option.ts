import { integer } from "./command.ts";

/** For commands that do the same on several targets. */
export const PARALLEL_OPTION = integer(
  "--parallel <n>",
  "targets of --target to work on at a time (default: 4)",
  {
    min: 1,
    max: 64,
  },
);
