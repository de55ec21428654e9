import { Chalk } from "chalk";
import type { Paint } from "./paint.ts";

/** Colours of a level (1 sixteen … 3 true colour), whatever the streams are: the caller has decided. */
export function createPaint(level: 1 | 2 | 3): Paint {
  return new Chalk({ level });
}
